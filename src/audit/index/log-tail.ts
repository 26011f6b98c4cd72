import { hash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { ifThere } from '../if-there.ts'
import type { StoredEntry } from '../stored-entry.ts'
import type { LogPosition } from './indexed.ts'

/** One record as it stands in the log. */
export interface TailRecord {
  readonly index: number
  /** Segment and offset of its line, as `IndexedExchange.place`. */
  readonly place: string
  readonly line: string
  readonly entry: StoredEntry
}

/** Records that follow each other. */
export interface TailBatch {
  readonly records: readonly TailRecord[]
  /** All that stood in the log when it was read has been given: what has come since is for the next time, or one would never come to an end. */
  readonly atEnd: boolean
}

/**
 * A log that is followed while it is written. Files are read synchronously: it belongs in a thread or a command of its own, where nobody waits meanwhile, and a
 * look at a log that has not grown costs a tenth of what it costs by way of the pool of threads.
 */
export interface LogTail {
  /** The next records, up to so many. `changed`: what was given is no longer there. */
  read(most: number): TailBatch | 'changed'
}

/** Bytes read at once. A longer line is read in steps. */
const chunkBytes = 1_048_576
/** Longer than any record is written: what is behind it is no record. */
const longestLine = 16 * chunkBytes
/** How a record's line begins. The entry behind it ends with the line, so that no pattern need go through all of it. */
const recordBegin = /^\{"i":(\d{1,15}),"g":\d{1,15},"h":"[\w-]{43}","e":(?=\{)/

/** Reads a record's line; undefined for any other, such as a segment's header. */
function recordOf(line: string, place: string): TailRecord | undefined {
  const [begin, index] = recordBegin.exec(line) ?? []
  if (begin === undefined || !line.endsWith('}}') || line.includes('\r')) return undefined
  try {
    return { index: Number(index), place, line, entry: JSON.parse(line.slice(begin.length, -1)) as StoredEntry }
  } catch {
    return undefined
  }
}

/** By this a record is known again: the SHA-256 of its line, hex. */
export function lineDigest(line: string): string {
  return hash('sha256', line, 'hex')
}

/** The record that stands at a place of the log; undefined where none does. */
export function recordAt(directory: string, place: string): TailRecord | undefined {
  const [first, offset] = place.split(':')
  return reading(join(directory, `${first}.log`), (file) => {
    const [line] = linesFrom(file, Number(offset), 1, recordBytes).lines
    return line === undefined ? undefined : recordOf(line.text, place)
  })
}

/** The log's files, the oldest first. */
function segmentsIn(directory: string): readonly string[] {
  return readdirSync(directory)
    .filter((name) => /^\d{12,15}\.log$/.test(name))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
}

/** The position behind the newest record that begins a segment and was written before `at` (ms since 1970); undefined where none was, and a tail begins at the first. */
export function positionBefore(directory: string, at: number): LogPosition | undefined {
  for (const name of segmentsIn(directory).toReversed()) {
    const first = firstRecord(directory, name)
    if (first === undefined || first.entry.at >= at) continue
    return { next: first.index + 1, place: first.place, digest: lineDigest(first.line) }
  }
  return undefined
}

/** The record behind the segment's header. */
function firstRecord(directory: string, name: string): TailRecord | undefined {
  return reading(join(directory, name), (file) => {
    const { lines } = linesFrom(file, 0, 2)
    return lines.map(({ text, offset }) => recordOf(text, `${name.slice(0, -4)}:${offset}`)).find((one) => one !== undefined)
  })
}

/** Whether this record still stands in its file where it was read. */
function stillStands(file: number, { place, line }: Pick<TailRecord, 'place' | 'line'>): boolean {
  const wanted = Buffer.from(`${line}\n`, 'latin1')
  const found = Buffer.allocUnsafe(wanted.length)
  return readSync(file, found, 0, wanted.length, Number(place.split(':')[1])) === wanted.length && found.equals(wanted)
}

interface PlacedLine {
  readonly text: string
  readonly offset: number
  readonly end: number
}

/** What is read of the file; undefined where there is none. */
function reading<T>(path: string, read: (file: number) => T): T | undefined {
  const file = ifThere(() => openSync(path, 'r'))
  if (file === undefined) return undefined
  try {
    return read(file)
  } finally {
    closeSync(file)
  }
}

/** A record is seldom longer: so much is read to find one. */
const recordBytes = 16_384

/** Whole lines from this offset on: those of a chunk, or of as many as the first line needs. What has no newline yet is left. */
function linesFrom(
  file: number,
  from: number,
  most: number,
  atOnce = chunkBytes,
): { readonly lines: readonly PlacedLine[]; readonly skipped: number; readonly readTo: number } {
  const pieces: Buffer[] = []
  let length = 0
  let skipped = 0
  for (;;) {
    const buffer = Buffer.allocUnsafe(atOnce)
    const bytesRead = readSync(file, buffer, 0, atOnce, from + skipped + length)
    if (bytesRead === 0) return { lines: [], skipped, readTo: from + skipped + length }
    const piece = buffer.subarray(0, bytesRead)
    pieces.push(piece)
    length += bytesRead
    if (piece.includes(10)) break
    if (length > longestLine) {
      skipped += length
      length = pieces.length = 0
    }
  }
  const [only] = pieces
  const bytes = only !== undefined && pieces.length === 1 ? only : Buffer.concat(pieces, length)
  const lines: PlacedLine[] = []
  for (let start = 0, at = bytes.indexOf(10); at !== -1 && lines.length < most; start = at + 1, at = bytes.indexOf(10, start)) {
    lines.push({ text: bytes.toString('latin1', start, at), offset: from + skipped + start, end: from + skipped + at + 1 })
  }
  return { lines, skipped, readTo: from + skipped + length }
}

/**
 * Follows the log in this directory from behind `position`, or from its first record that is left. `changed` where the record that `position`
 * names is not what stands there: the log was cut, restored from a copy or made anew.
 */
export function openLogTail(directory: string, position: LogPosition | undefined): LogTail | 'changed' {
  let segment: string | undefined
  /** Of the first byte that has not been read. A segment is read from its beginning until a record was found: without one it may be made anew. */
  let offset = 0
  let next = position?.next ?? 0
  /** The record that was read last: while it stands where it stood, the log is the one that was read. */
  let known: Pick<TailRecord, 'place' | 'line'> | undefined
  if (position !== undefined) {
    const last = recordAt(directory, position.place)
    if (last === undefined || last.index !== position.next - 1 || lineDigest(last.line) !== position.digest) return 'changed'
    const [first, start] = position.place.split(':')
    known = last
    segment = `${first}.log`
    offset = Number(start) + last.line.length + 1
  }

  const knownIn = (name: string | undefined): boolean => known !== undefined && `${known.place.split(':')[0]}.log` === name

  /** Whether the record that was read last still stands in a segment that was left since. */
  function leftAsItWas(): boolean {
    const last = known
    if (last === undefined || knownIn(segment)) return true
    return reading(join(directory, `${last.place.split(':')[0]}.log`), (file) => stillStands(file, last)) ?? false
  }

  /** Records of the segment behind the offset. */
  function readSegment(name: string, most: number): TailBatch | 'changed' | undefined {
    const missing = knownIn(name) ? 'changed' : undefined
    return (
      reading(join(directory, name), (file): TailBatch | 'changed' => {
        const { size } = fstatSync(file)
        if (size < offset || (known !== undefined && knownIn(name) && !stillStands(file, known))) return 'changed'
        const records: TailRecord[] = []
        let at = offset
        let atEnd = size === offset
        // What is no record, a segment's header above all, is gone over.
        while (records.length === 0 && !atEnd) {
          const { lines, skipped, readTo } = linesFrom(file, at, most + 1, Math.min(Math.max(size - at, recordBytes), chunkBytes))
          at += skipped
          for (const line of lines) {
            if (records.length === most) break
            const record = recordOf(line.text, `${name.slice(0, -4)}:${line.offset}`)
            if (record !== undefined && record.index >= next) {
              records.push(record)
              next = record.index + 1
            }
            at = line.end
          }
          atEnd = readTo >= size && at === (lines.at(-1)?.end ?? at) && lines.length <= most
        }
        if (records.length > 0 || offset > 0) offset = at
        known = records.at(-1) ?? known
        return { records, atEnd }
      }) ?? missing
    )
  }

  function segmentBehind(name: string | undefined): string | undefined {
    const current = name === undefined ? -1 : Number.parseInt(name, 10)
    return segmentsIn(directory).find((one) => Number.parseInt(one, 10) > current)
  }

  return {
    read(most) {
      if (!leftAsItWas()) return 'changed'
      for (;;) {
        if (segment !== undefined) {
          const batch = readSegment(segment, most)
          if (batch === 'changed') return 'changed'
          if (batch !== undefined && batch.records.length > 0)
            return batch.atEnd && segmentBehind(segment) !== undefined ? { ...batch, atEnd: false } : batch
        }
        const following = segmentBehind(segment)
        if (following === undefined) return { records: [], atEnd: true }
        // The log was cut back behind a write that failed, and what had been read of it is written anew.
        if (segment !== undefined && Number.parseInt(following, 10) < next) return 'changed'
        // A segment that has a successor is whole, but it may have grown since it was read.
        if (segment !== undefined) {
          const late = readSegment(segment, most)
          if (late === 'changed') return 'changed'
          if (late !== undefined && late.records.length > 0) return { ...late, atEnd: false }
        }
        segment = following
        offset = 0
      }
    },
  }
}
