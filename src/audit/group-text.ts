import { recordLine } from './log-line.ts'
import { leafHash } from './merkle-tree.ts'
import type { Pending } from './pending-queue.ts'
import type { PeriodKeys } from './period-keys.ts'
import { storedText } from './stored-entry.ts'

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
export interface GroupText {
  /** All its lines. */
  readonly text: string
  /** Chain hash of the last line. */
  readonly link: string
  /** The leaf of each record, over the entry as it stands in its line. */
  readonly leaves: readonly Buffer[]
}

/** The lines of the entries that one write holds, sealed and chained. Throws where nothing can be sealed. */
export function groupText(group: readonly Pending[], { keys, log, first, link: before }: GroupPlace): GroupText {
  let text = ''
  let link = before
  const leaves: Buffer[] = []
  for (const [place, { draft }] of group.entries()) {
    const entry = storedText(draft, keys, log, first + place)
    leaves.push(leafHash(entry))
    const line = recordLine(link, first + place, first, entry)
    link = line.hash
    text += line.text
  }
  return { text, link, leaves }
}
