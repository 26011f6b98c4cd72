import { DerMalformed, type DerValue, derTag } from './der.ts'

/** An object identifier in dotted form. */
export function oidOf(value: DerValue): string {
  requireTag(value, derTag.oid, 'object identifier')
  const { content } = value
  if (content.length === 0 || content.length > 64 || (content[content.length - 1] as number) >= 0x80)
    throw new DerMalformed('object identifier is cut off')
  const arcs: bigint[] = []
  let arc = 0n
  for (const byte of content) {
    if (arc === 0n && byte === 0x80) throw new DerMalformed('object identifier is not in its shortest form')
    arc = (arc << 7n) | BigInt(byte & 0x7f)
    if (byte < 0x80) {
      arcs.push(arc)
      arc = 0n
    }
  }
  const [head = 0n, ...rest] = arcs
  const first = head < 80n ? head / 40n : 2n
  return [first, head - first * 40n, ...rest].join('.')
}

/** TRUE or FALSE. */
export function booleanOf(value: DerValue): boolean {
  requireTag(value, derTag.boolean, 'boolean')
  if (value.content.length !== 1) throw new DerMalformed('boolean is not one byte')
  const byte = value.content[0]
  if (byte !== 0 && byte !== 0xff) throw new DerMalformed('boolean is neither TRUE nor FALSE')
  return byte === 0xff
}

/** An INTEGER of at most 21 bytes (RFC 5280 allows 20 for serials and CRL numbers, and one for the sign). */
export function integerOf(value: DerValue): bigint {
  const hex = integerHexOf(value)
  if (value.content.length > 21) throw new DerMalformed('integer is longer than 20 bytes')
  return BigInt.asIntN(value.content.length * 8, BigInt(`0x${hex}`))
}

/** The content of an INTEGER in hexadecimal, two's complement and shortest form: equal integers give equal texts. */
export function integerHexOf(value: DerValue): string {
  requireTag(value, derTag.integer, 'integer')
  const [first, second] = value.content
  if (first === undefined) throw new DerMalformed('integer is empty')
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new DerMalformed('integer is not in its shortest form')
  }
  return value.content.toString('hex')
}

/** The bytes of a BIT STRING that consists of whole bytes: a signature, a key. */
export function wholeBytesOf(value: DerValue): Buffer {
  requireTag(value, derTag.bitString, 'bit string')
  if (value.content[0] !== 0) throw new DerMalformed('bit string is not whole bytes')
  return value.content.subarray(1)
}

/** The numbers of the bits set in a short BIT STRING of named bits. */
export function namedBitsOf(value: DerValue): ReadonlySet<number> {
  requireTag(value, derTag.bitString, 'bit string')
  const [unused, ...bytes] = value.content.subarray(0, 5)
  if (unused === undefined || unused > 7 || (bytes.length === 0 && unused !== 0)) throw new DerMalformed('bit string is cut off')
  const bits = new Set<number>()
  bytes.forEach((byte, index) => {
    for (let bit = 0; bit < 8; bit++) if (byte & (0x80 >> bit)) bits.add(index * 8 + bit)
  })
  return bits
}

const longestMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** A UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 writes them (seconds, Z), in ms since 1970. Read digit by digit: long lists have one for each entry. */
export function timeOf(value: DerValue): number {
  const { tag, content } = value
  const isLong = tag === derTag.generalizedTime
  if (!isLong && tag !== derTag.utcTime) throw new DerMalformed('time is not in the form that RFC 5280 prescribes')
  const digits = isLong ? 14 : 12
  if (content.length !== digits + 1 || content[digits] !== 0x5a) throw new DerMalformed('time is not in the form that RFC 5280 prescribes')
  const pair = (at: number): number => digitOf(content[at]) * 10 + digitOf(content[at + 1])
  // A UTCTime's two-digit years 50 to 99 are of the 1900s (RFC 5280 4.1.2.5.1).
  const year = isLong ? pair(0) * 100 + pair(2) : pair(0) >= 50 ? 1900 + pair(0) : 2000 + pair(0)
  const rest = isLong ? 4 : 2
  const [month, day, hour, minute, second] = [pair(rest), pair(rest + 2), pair(rest + 4), pair(rest + 6), pair(rest + 8)]
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const lastDay = month === 2 && !isLeap ? 28 : (longestMonths[month - 1] ?? 0)
  if (day < 1 || day > lastDay || hour > 23 || minute > 59 || second > 59) throw new DerMalformed('time names no moment')
  // Date.UTC takes the years 0 to 99 for those of the 1900s.
  return year >= 100
    ? Date.UTC(year, month - 1, day, hour, minute, second)
    : new Date(0).setUTCFullYear(year, month - 1, day) + ((hour * 60 + minute) * 60 + second) * 1000
}

function digitOf(byte: number | undefined): number {
  if (byte === undefined || byte < 0x30 || byte > 0x39) throw new DerMalformed('time is not in the form that RFC 5280 prescribes')
  return byte - 0x30
}

function requireTag(value: DerValue, tag: number, what: string): void {
  if (value.tag !== tag) throw new DerMalformed(`tag 0x${value.tag.toString(16)} where ${what} should be`)
}
