// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { hash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { parseStrictJson } from '../spine/strict-json.ts'
import { type Handover, handoverAct, handoverIn } from './log-handover.ts'
import { type Frontier, rootCount } from './merkle-tree.ts'
import { readVerifier } from './signed-note.ts'

/** Index of the first record of the segment with this file name. */
export function firstOf(name: string): number {
  return Number.parseInt(name, 10)
}

/** The names of a log's segments, the oldest first. Rejects with the system's error. */
export async function segmentNames(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => /^\d{12,}\.log$/.test(name)).sort((a, b) => firstOf(a) - firstOf(b))
}

/** The bytes of a plain file, in pieces. Throws where it is none: a pipe in its place would never end. What the disk does not give is thrown as it is read. */
export function plainChunks(path: string, highWaterMark = 1_048_576): AsyncIterable<Buffer> {
  if (!statSync(path).isFile()) throw new Error('this is no plain file')
  return createReadStream(path, { highWaterMark })
}

/** A place where the log is not what was written. */
export interface Fault {
  /** Index of the first record that is bad, missing or unreachable. */
  readonly badIndex: number
  /** 1-based line in the file. */
  readonly line: number
  readonly problem: string
}

/** A segment's first line, as far as reading needs it. */
export interface ReadHeader {
  readonly log: string
  readonly first: number
  readonly prev: string
  /** The tree of the records before it. */
  readonly tree: Frontier
  readonly open: readonly string[]
  /** Each from which key to which the log was handed over before it. */
  readonly handovers: readonly Handover[]
  /** Verifier text of the key that signed the log first; absent in logs that an earlier version began. */
  readonly firstKey?: string
}

/** What reading one segment showed. */
export interface SegmentReading {
  /** Absent where the first line was never completed. */
  readonly header?: ReadHeader
  /** Index that the next record gets. */
  readonly next: number
  /** Chain hash of the last whole record; of the one before the segment where it has none. */
  readonly hash: string
  /** Length in bytes up to the end of the last whole line. */
  readonly wholeBytes: number
  /** Something unfinished follows, as a crash leaves it: no record that was ever confirmed. */
  readonly torn: boolean
  readonly fault?: Fault
}

/** What a segment must continue. */
export interface ChainEnd {
  readonly next: number
  readonly hash: string
}

interface Line {
  readonly text: string
  /** Offset of the byte after its newline. */
  readonly end: number
  readonly whole: boolean
}

const longestLine = 64 * 1_048_576
const recordForm = /^\{"i":(\d{1,15}),"g":(\d{1,15}),"h":"([\w-]{43})","e":(\{.*\})\}$/
const headerForm = /^\{"h":"([\w-]{43})","s":(\{.*\})\}$/

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let rest: Buffer[] = []
  let restBytes = 0
  let end = 0
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let from = 0
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, from)) {
      const piece = bytes.subarray(from, at)
      const text = (restBytes === 0 ? piece : Buffer.concat([...rest, piece])).toString('latin1')
      end += text.length + 1
      rest = []
      restBytes = 0
      from = at + 1
      yield { text, end, whole: true }
    }
    // A line longer than any that is written is kept in part only: it cannot be valid, and must not fill the memory.
    if (from < bytes.length && restBytes < longestLine) rest.push(bytes.subarray(from))
    restBytes += bytes.length - from
  }
  if (restBytes > 0) yield { text: Buffer.concat(rest).toString('latin1'), end: end + restBytes, whole: false }
}

/** The object that the JSON text, which begins with a brace, holds; undefined where it is no JSON. */
export function jsonObject(json: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(json) as Record<string, unknown>
  } catch {
    return undefined
  }
}

/** Deeper than any entry or header is written. */
const mostDepth = 64

/** An object as JSON text has it. */
export interface ReadObject {
  /** Undefined where it is no JSON. */
  readonly object: Record<string, unknown> | undefined
  /** Why two readers may find two meanings in the text, such as by a member that stands in it twice; undefined where all find the same. */
  readonly doubt?: string
}

/** Reads the object in the JSON text, which begins with a brace. */
export function readObject(json: string): ReadObject {
  const read = parseStrictJson(json, mostDepth)
  if ('fault' in read) return { object: jsonObject(json), doubt: `it does not mean the same to every reader: ${read.fault}` }
  return { object: read.value as Record<string, unknown> }
}

function readHeader(text: string): (ReadHeader & { readonly digest: string }) | string {
  const [, digest, json] = headerForm.exec(text) ?? []
  if (digest === undefined || json === undefined) return 'the first line is not the header of a segment'
  const { object = {}, doubt } = readObject(json)
  const { format, log, first, prev, tree, open, key, keys = [] } = object
  if (format !== 2) return `the format is ${String(JSON.stringify(format)).slice(0, 40)}; this program knows 2`
  if (
    typeof log !== 'string' ||
    typeof first !== 'number' ||
    !Number.isSafeInteger(first) ||
    first < 0 ||
    typeof prev !== 'string' ||
    !Array.isArray(tree) ||
    !Array.isArray(open) ||
    !Array.isArray(keys)
  ) {
    return 'the header lacks a field'
  }
  if (hash('sha256', `ssp-audit-segment-1\n${prev}\n${json}`, 'base64url') !== digest) return 'the header was changed: its hash differs'
  if (doubt !== undefined) return `the header cannot be believed: ${doubt}`
  const handovers = keys.flatMap((detail) => handoverIn({ act: handoverAct, detail }) ?? [])
  if (handovers.length !== keys.length) return 'the header holds something else than handovers of keys'
  if (key !== undefined && (typeof key !== 'string' || readVerifier(key)?.name !== log)) return 'the header names no key of its log'
  const roots = tree.map((root) => Buffer.from(typeof root === 'string' ? root : '', 'base64'))
  if (roots.length !== rootCount(first) || roots.some(({ length }) => length !== 32)) return 'the header holds no tree of its size'
  return { digest, log, first, prev, tree: { size: first, roots }, open, handovers, ...(key !== undefined && { firstKey: key }) }
}

function headerProblem(header: ReadHeader, expected: ChainEnd | undefined): string | undefined {
  if (expected === undefined) return undefined
  if (header.first > expected.next) return `records ${expected.next} to ${header.first - 1} are missing`
  if (header.first < expected.next) return `the segment begins at record ${header.first} again`
  if (header.prev !== expected.hash) return 'the header does not continue the chain of the segment before'
  return undefined
}

/** Either a crash's remains (cut off, or with blocks that never reached the disk and read as zeros), or what somebody did. */
function looksTorn(line: Line): boolean {
  return !line.whole || line.text.includes('\0')
}

/**
 * Reads one segment and follows its chain. `expected` is what it must continue; without it the header is believed.
 * `torn` instead of a fault needs two things: the first bad line is cut off or holds zeros, and no record of a later write stands after it,
 * for a later write proves that the earlier one was confirmed. Reads as a stream, in memory bounded by the longest line.
 */
export async function readSegment(
  chunks: AsyncIterable<Uint8Array>,
  expected: ChainEnd | undefined,
  onHeader: (header: ReadHeader) => void,
  onRecord: (index: number, digest: string, json: string) => void,
): Promise<SegmentReading> {
  let header: ReadHeader | undefined
  let next = expected?.next ?? 0
  let last = expected?.hash ?? ''
  let link = ''
  let wholeBytes = 0
  let number = 0
  let tornAt: number | undefined
  const reading = (problem?: string, line = number): SegmentReading => ({
    ...(header === undefined ? {} : { header }),
    next,
    hash: last,
    wholeBytes,
    torn: tornAt !== undefined,
    ...(problem === undefined ? {} : { fault: { badIndex: next, line, problem } }),
  })
  for await (const line of linesOf(chunks)) {
    number += 1
    if (tornAt !== undefined) {
      const group = recordForm.exec(line.text)?.[2]
      if (group !== undefined && Number(group) > next) return reading('the record is unreadable, yet later ones were confirmed', tornAt)
      if (!looksTorn(line) && group === undefined) return reading('the record is unreadable', tornAt)
    } else if (looksTorn(line)) {
      tornAt = number
    } else if (header === undefined) {
      const read = readHeader(line.text)
      if (typeof read === 'string') return reading(read)
      const problem = headerProblem(read, expected)
      if (problem !== undefined) return reading(problem)
      header = read
      next = read.first
      last = read.prev
      link = read.digest
      wholeBytes = line.end
      onHeader(read)
    } else {
      const [, index, group, digest, json] = recordForm.exec(line.text) ?? []
      if (digest === undefined || json === undefined) return reading('the line is not a record')
      if (Number(index) > next) return reading(`record ${next} is missing: ${index} stands in its place`)
      if (Number(index) < next) return reading(`record ${index} stands here again`)
      if (hash('sha256', `ssp-audit-record-1\n${link}\n${index}\n${group}\n${json}`, 'base64url') !== digest) {
        return reading('the record was changed: its hash differs')
      }
      onRecord(next, digest, json)
      link = last = digest
      next += 1
      wholeBytes = line.end
    }
  }
  if (header === undefined && tornAt === undefined) tornAt = 1
  return reading()
}
