import { hash } from 'node:crypto'
import { asciiJson } from './ascii-json.ts'
import type { Handover } from './log-handover.ts'
import { type Frontier, hashedLeaf } from './merkle-tree.ts'

/** What precedes the first record of a log: 32 zero bytes in base64url. */
export const genesis = 'A'.repeat(43)

/** What a segment's first line says. It is a link of the chain, so that it cannot be changed either. */
export interface SegmentHeader {
  /** Version of the file's layout. */
  readonly format: 2
  /** The log's name, `node/worker`. */
  readonly log: string
  /** Index of the segment's first record, which also names the file. */
  readonly first: number
  /** Chain hash of the record before it; `genesis` where there is none. */
  readonly prev: string
  /** Roots of the perfect subtrees of the records before it, the largest first, base64 (RFC 9162 2.1). */
  readonly tree: readonly string[]
  /** Wall-clock time, ms since 1970, when the segment was begun. */
  readonly at: number
  /** Exchanges whose forwarding entry stands in an earlier segment and whose outcome does not: so the last segment tells all that are open. */
  readonly open: readonly string[]
  /** The verifier of the key that signed the log first: whose log it is. Absent in logs that an earlier version began. */
  readonly key?: string
  /** From which key to which the log was handed over before the segment; absent where it never was. */
  readonly keys?: readonly Handover[]
}

/** A line and its chain hash. */
export interface ChainedLine {
  /** Printable ASCII, ended by a newline. */
  readonly text: string
  /** SHA-256 in base64url. */
  readonly hash: string
}

/** The file name of the segment whose first record has this index. */
export function segmentName(first: number): string {
  return `${String(first).padStart(12, '0')}.log`
}

/** What a segment must continue. */
interface Before {
  readonly next: number
  readonly hash: string
  readonly tree: Frontier
  readonly handovers: readonly Handover[]
  /** Verifier text of the log's first key. */
  readonly firstKey?: string
}

/** The header of the segment of a log that goes on behind this; `at` is in ms since 1970. */
export function headerBehind(
  { next, hash, tree, handovers, firstKey: key }: Before,
  log: string,
  at: number,
  open: readonly string[],
): SegmentHeader {
  const roots = tree.roots.map((root) => root.toString('base64'))
  const keys = handovers.length > 0 && { keys: handovers }
  return { format: 2, log, first: next, prev: hash, tree: roots, at, open, ...(key !== undefined && { key }), ...keys }
}

/** A segment's first line; `hash` is what its first record chains to. */
export function headerLine(header: SegmentHeader): ChainedLine {
  const json = asciiJson(header)
  const digest = hash('sha256', `ssp-audit-segment-1\n${header.prev}\n${json}`, 'base64url')
  return { text: `{"h":"${digest}","s":${json}}\n`, hash: digest }
}

/** Where a record stands in its log. */
export interface RecordPlace {
  /** Chain hash of the line before it. */
  readonly prev: string
  readonly index: number
  /** Index of the first record of its write: a later record of another group proves that this one was durable, which tells a torn write from tampering. */
  readonly group: number
}

/** Where a record's line was written. */
export interface WrittenRecord {
  /** Offset behind its newline. */
  readonly end: number
  /** Chain hash, SHA-256 in base64url. */
  readonly hash: string
  /** Hash of the leaf that it is (RFC 9162 2.1.1), over the entry. */
  readonly leaf: Buffer
}

/** Bytes of a record's line besides its entry, at most: two numbers of 16 digits. */
export const mostAroundEntry = 99

/**
 * Writes a record's line at an offset of bytes that have room for it. The entry is given in pieces of ASCII: JSON whose last brace `end` takes the place of.
 * The lengths and newlines of the hashed text leave one reading of it only.
 *
 * Nothing is put together twice: what is hashed before the entry is exactly as long as what stands before it in the line, and stands in its place meanwhile.
 */
export function writeRecord(bytes: Buffer, at: number, { prev, index, group }: RecordPlace, json: string, end: string): WrittenRecord {
  const entry = at + bytes.write(`ssp-audit-record-1\n${prev}\n${index}\n${group}\n`, at, 'latin1')
  const middle = entry + bytes.write(json, entry, 'latin1') - 1
  const last = middle + bytes.write(end, middle, 'latin1')
  const digest = hash('sha256', bytes.subarray(at, last), 'base64url')
  bytes[entry - 1] = 0
  const leaf = hashedLeaf(bytes.subarray(entry - 1, last))
  bytes.write(`{"i":${index},"g":${group},"h":"${digest}","e":`, at, 'latin1')
  return { end: last + bytes.write('}\n', last, 'latin1'), hash: digest, leaf }
}
