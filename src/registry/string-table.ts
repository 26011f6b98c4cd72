/**
 * Many strings in a few shared arrays, each with a number, and a hash index from string to number.
 * It is handed between threads without being copied, and costs the garbage collector nothing.
 */
export interface StringTable {
  /** UTF-8, one string behind the other. */
  readonly bytes: Uint8Array
  /** String `n` is `bytes[starts[n] .. starts[n + 1])`. */
  readonly starts: Int32Array
  /** Open addressing, a power of two long: number + 1, or 0. Only strings of ASCII are in it. */
  readonly slots: Int32Array
  /** Bytes of the longest string: nothing longer needs to be hashed. */
  readonly longest: number
}

/** Packs strings; string `n` of the list gets the number `n`. No string may stand twice. */
export function packStrings(strings: readonly string[]): StringTable {
  const starts = new Int32Array(new SharedArrayBuffer((strings.length + 1) * 4))
  let longest = 0
  for (let n = 0; n < strings.length; n++) {
    const length = Buffer.byteLength(strings[n]!, 'utf8')
    longest = Math.max(longest, length)
    starts[n + 1] = starts[n]! + length
  }
  const bytes = Buffer.from(new SharedArrayBuffer(starts[strings.length]!))
  for (let n = 0; n < strings.length; n++) bytes.write(strings[n]!, starts[n]!, 'utf8')
  const slots = new Int32Array(new SharedArrayBuffer(slotCount(strings.length) * 4))
  for (let n = 0; n < strings.length; n++) {
    const text = strings[n]!
    let slot = hashOf(text, text.length)
    if (slot < 0) continue
    slot &= slots.length - 1
    while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1)
    slots[slot] = n + 1
  }
  return { bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), starts, slots, longest }
}

/** The number of the string that is the first `length` characters of `text`, or -1. What is not ASCII is never found. */
export function findString(table: StringTable, text: string, length = text.length): number {
  if (length > table.longest) return -1
  let slot = hashOf(text, length)
  if (slot < 0) return -1
  const mask = table.slots.length - 1
  slot &= mask
  for (let entry = table.slots[slot]!; entry !== 0; entry = table.slots[slot]!) {
    if (equals(table, entry - 1, text, length)) return entry - 1
    slot = (slot + 1) & mask
  }
  return -1
}

/** String number `n`, made anew at each call. */
export function stringAt(table: StringTable, n: number): string {
  const start = table.starts[n]!
  return Buffer.from(table.bytes.buffer, table.bytes.byteOffset + start, table.starts[n + 1]! - start).toString('utf8')
}

/** A power of two with at least half of the slots free, so that a search ends after a step or two. */
export function slotCount(entries: number): number {
  let count = 16
  while (count < entries * 2) count *= 2
  return count
}

/** FNV-1a with a final mix, not negative; -1 for what is not ASCII. */
function hashOf(text: string, length: number): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return -1
    hash = Math.imul(hash ^ code, 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) & 0x7fffffff
}

function equals(table: StringTable, n: number, text: string, length: number): boolean {
  const start = table.starts[n]!
  if (table.starts[n + 1]! - start !== length) return false
  for (let i = 0; i < length; i++) if (table.bytes[start + i] !== text.charCodeAt(i)) return false
  return true
}
