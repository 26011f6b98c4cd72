import { mostAroundEntry, writeRecord } from './log-line.ts'
import type { Pending } from './pending-queue.ts'
import type { PeriodKeys } from './period-keys.ts'
import { storedEnd } from './stored-entry.ts'

/** Where a group stands. */
export interface GroupPlace {
  readonly keys: PeriodKeys
  /** The log's name, `node/worker`. */
  readonly log: string
  /** Index of its first record. */
  readonly first: number
  /** Chain hash of the line before. */
  readonly link: string
}

/** A group as it goes to the disk. */
export interface GroupBytes {
  /** All its lines. */
  readonly bytes: Buffer
  /** Chain hash of the last line. */
  readonly link: string
  /** The leaf of each record, over the entry as it stands in its line. */
  readonly leaves: readonly Buffer[]
}

/** The lines of the entries that one write holds, sealed and chained. Throws where nothing can be sealed. */
export function groupBytes(group: readonly Pending[], { keys, log, first, link: before }: GroupPlace): GroupBytes {
  const ends: string[] = []
  let room = 0
  for (const { draft } of group) {
    const end = storedEnd(draft, keys, log, first + ends.length)
    ends.push(end)
    room += mostAroundEntry + draft.json.length + end.length
  }
  const bytes = Buffer.allocUnsafe(room)
  const leaves: Buffer[] = []
  let link = before
  let length = 0
  for (const [place, { draft }] of group.entries()) {
    const written = writeRecord(bytes, length, { prev: link, index: first + place, group: first }, draft.json, ends[place] as string)
    leaves.push(written.leaf)
    link = written.hash
    length = written.end
  }
  return { bytes: bytes.subarray(0, length), link, leaves }
}
