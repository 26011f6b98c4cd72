import { slotCount } from './string-table.ts'

/**
 * A hash index from three whole numbers to one, in one shared array: open addressing, four numbers a slot, the fourth is
 * the value + 1, or 0. Values go up to 2^31 - 2.
 */
export type TripleTable = Int32Array

/** The value of a triple, or -1. Compares all three numbers, so that nothing can be taken for another. */
export function findTriple(table: TripleTable, a: number, b: number, c: number): number {
  const mask = table.length / 4 - 1
  let slot = hashTriple(a, b, c) & mask
  for (;;) {
    const at = slot * 4
    const value = table[at + 3]!
    if (value === 0) return -1
    if (table[at] === a && table[at + 1] === b && table[at + 2] === c) return value - 1
    slot = (slot + 1) & mask
  }
}

/** A triple index that is still being filled. */
export interface TripleIndex {
  get(a: number, b: number, c: number): number
  set(a: number, b: number, c: number, value: number): void
  /** The index so far, in memory that threads can share. */
  readonly table: TripleTable
}

/** An empty index that grows as it is filled. */
export function createTripleIndex(): TripleIndex {
  let table = emptyTable(16)
  let size = 0

  function grow(): void {
    const old = table
    table = emptyTable(old.length / 2)
    for (let at = 0; at < old.length; at += 4) if (old[at + 3] !== 0) put(old[at]!, old[at + 1]!, old[at + 2]!, old[at + 3]! - 1)
  }

  /** Whether the triple is new. */
  function put(a: number, b: number, c: number, value: number): boolean {
    const mask = table.length / 4 - 1
    let slot = hashTriple(a, b, c) & mask
    for (;;) {
      const at = slot * 4
      const isFree = table[at + 3] === 0
      if (isFree || (table[at] === a && table[at + 1] === b && table[at + 2] === c)) {
        table[at] = a
        table[at + 1] = b
        table[at + 2] = c
        table[at + 3] = value + 1
        return isFree
      }
      slot = (slot + 1) & mask
    }
  }

  return {
    get: (a, b, c) => findTriple(table, a, b, c),
    set(a, b, c, value) {
      if (slotCount(size + 1) > table.length / 4) grow()
      if (put(a, b, c, value)) size++
    },
    get table() {
      return table
    },
  }
}

function emptyTable(slots: number): TripleTable {
  return new Int32Array(new SharedArrayBuffer(slots * 16))
}

function hashTriple(a: number, b: number, c: number): number {
  let hash = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b)
  hash = Math.imul((hash ^ (hash >>> 15)) + b, 0xc2b2ae35)
  hash = Math.imul((hash ^ (hash >>> 13)) + c, 0x27d4eb2f)
  return (hash ^ (hash >>> 16)) & 0x7fffffff
}
