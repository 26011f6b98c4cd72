import { hash } from 'node:crypto'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
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

/** A log that is followed while it is written. */
export interface LogTail {
  /** The next records, up to so many. `changed`: what was given is no longer there. */
  read(most: number): Promise<TailBatch | 'changed'>
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
export async function recordAt(directory: string, place: string): Promise<TailRecord | undefined> {
  const [first, offset] = place.split(':')
  const file = await openOrNot(join(directory, `${first}.log`))
  if (file === undefined) return undefined
  try {
    const { lines } = await linesFrom(file, Number(offset), 1, recordBytes)
    const [line] = lines
    return line === undefined ? undefined : recordOf(line.text, place)
  } finally {
    await file.close()
  }
}

/** The log's files, the oldest first. */
async function segmentsIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory))
    .filter((name) => /^\d{12,15}\.log$/.test(name))
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
}

/** The position behind the newest record that begins a segment and was written before `at` (ms since 1970); undefined where none was, and a tail begins at the first. */
export async function positionBefore(directory: string, at: number): Promise<LogPosition | undefined> {
  for (const name of (await segmentsIn(directory)).toReversed()) {
    const first = await firstRecord(directory, name)
    if (first === undefined || first.entry.at >= at) continue
    return { next: first.index + 1, place: first.place, digest: lineDigest(first.line) }
  }
  return undefined
}

/** The record behind the segment's header. */
async function firstRecord(directory: string, name: string): Promise<TailRecord | undefined> {
  const file = await openOrNot(join(directory, name))
  if (file === undefined) return undefined
  try {
    const { lines } = await linesFrom(file, 0, 2)
    return lines.map(({ text, offset }) => recordOf(text, `${name.slice(0, -4)}:${offset}`)).find((one) => one !== undefined)
  } finally {
    await file.close()
  }
}

/** Whether this record still stands in its file where it was read. */
async function stillStands(file: FileHandle, { place, line }: Pick<TailRecord, 'place' | 'line'>): Promise<boolean> {
  const wanted = Buffer.from(`${line}\n`, 'latin1')
  const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted.length), 0, wanted.length, Number(place.split(':')[1]))
  return bytesRead === wanted.length && buffer.equals(wanted)
}

interface PlacedLine {
  readonly text: string
  readonly offset: number
  readonly end: number
}

async function openOrNot(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** A record is seldom longer: so much is read to find one. */
const recordBytes = 16_384

/** Whole lines from this offset on: those of a chunk, or of as many as the first line needs. What has no newline yet is left. */
async function linesFrom(
  file: FileHandle,
  from: number,
  most: number,
  atOnce = chunkBytes,
): Promise<{ readonly lines: readonly PlacedLine[]; readonly skipped: number; readonly readTo: number }> {
  const pieces: Buffer[] = []
  let length = 0
  let skipped = 0
  for (;;) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(atOnce), 0, atOnce, from + skipped + length)
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
export async function openLogTail(directory: string, position: LogPosition | undefined): Promise<LogTail | 'changed'> {
  let segment: string | undefined
  /** Of the first byte that has not been read. A segment is read from its beginning until a record was found: without one it may be made anew. */
  let offset = 0
  let next = position?.next ?? 0
  /** The record that was read last: while it stands where it stood, the log is the one that was read. */
  let known: Pick<TailRecord, 'place' | 'line'> | undefined
  if (position !== undefined) {
    const last = await recordAt(directory, position.place)
    if (last === undefined || last.index !== position.next - 1 || lineDigest(last.line) !== position.digest) return 'changed'
    const [first, start] = position.place.split(':')
    known = last
    segment = `${first}.log`
    offset = Number(start) + last.line.length + 1
  }

  const knownIn = (name: string | undefined): boolean => known !== undefined && `${known.place.split(':')[0]}.log` === name

  /** Whether the record that was read last still stands in a segment that was left since. */
  async function leftAsItWas(): Promise<boolean> {
    if (known === undefined || knownIn(segment)) return true
    const file = await openOrNot(join(directory, `${known.place.split(':')[0]}.log`))
    if (file === undefined) return false
    try {
      return await stillStands(file, known)
    } finally {
      await file.close()
    }
  }

  /** Records of the segment behind the offset. */
  async function readSegment(name: string, most: number): Promise<TailBatch | 'changed' | undefined> {
    const file = await openOrNot(join(directory, name))
    if (file === undefined) return knownIn(name) ? 'changed' : undefined
    try {
      const { size } = await file.stat()
      if (size < offset || (known !== undefined && knownIn(name) && !(await stillStands(file, known)))) return 'changed'
      const records: TailRecord[] = []
      let at = offset
      let atEnd = size === offset
      // What is no record, a segment's header above all, is gone over.
      while (records.length === 0 && !atEnd) {
        const { lines, skipped, readTo } = await linesFrom(file, at, most + 1, Math.min(Math.max(size - at, recordBytes), chunkBytes))
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
    } finally {
      await file.close()
    }
  }

  async function segmentBehind(name: string | undefined): Promise<string | undefined> {
    const current = name === undefined ? -1 : Number.parseInt(name, 10)
    return (await segmentsIn(directory)).find((one) => Number.parseInt(one, 10) > current)
  }

  return {
    async read(most) {
      if (!(await leftAsItWas())) return 'changed'
      for (;;) {
        if (segment !== undefined) {
          const batch = await readSegment(segment, most)
          if (batch === 'changed') return 'changed'
          if (batch !== undefined && batch.records.length > 0)
            return batch.atEnd && (await segmentBehind(segment)) !== undefined ? { ...batch, atEnd: false } : batch
        }
        const following = await segmentBehind(segment)
        if (following === undefined) return { records: [], atEnd: true }
        // The log was cut back behind a write that failed, and what had been read of it is written anew.
        if (segment !== undefined && Number.parseInt(following, 10) < next) return 'changed'
        // A segment that has a successor is whole, but it may have grown since it was read.
        if (segment !== undefined) {
          const late = await readSegment(segment, most)
          if (late === 'changed') return 'changed'
          if (late !== undefined && late.records.length > 0) return { ...late, atEnd: false }
        }
        segment = following
        offset = 0
      }
    },
  }
}
