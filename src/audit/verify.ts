// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { join } from 'node:path'
import { isFolder, logFolders } from './log-directories.ts'
import { type BadEvidence, type Evidence, evidenceFor } from './log-evidence.ts'
import { remembered } from './log-expectations.ts'
import { brokenHandover, handoverList, handoverProblem } from './log-handover.ts'
import { emptyTree, grown, leafHash, rootOf } from './merkle-tree.ts'
import type { ReceiptProof } from './receipt-proof.ts'
import {
  type ChainEnd,
  type Fault,
  firstOf,
  plainChunks,
  readObject,
  readSegment,
  type SegmentReading,
  segmentNames,
} from './segment-reading.ts'
import type { Checkpoint } from './signed-note.ts'
import { tileCheck } from './tiles/tile-check.ts'

/** A log as it should be. */
export interface Verified {
  readonly ok: true
  /** The log's name, `node/worker`; empty for a log without segments. */
  readonly log: string
  readonly records: number
  readonly firstIndex: number
  /** One less than `firstIndex` where there is no record. */
  readonly lastIndex: number
  /** Chain hash of the last record: to be remembered elsewhere, for only against it can a cut-off end be seen. */
  readonly head: string
  /** Root of the tree of all records (RFC 9162), base64. */
  readonly root: string
  /** Forwarded exchanges without an outcome: under way, or broken off and not yet closed by a start. */
  readonly unfinished: number
  /** The end is as a crash, or a write under way, leaves it. */
  readonly tornTail: boolean
}

/** A log that was tampered with or damaged: the first place where it shows; in a tile only where all the records are right. */
export interface Broken extends Fault {
  readonly ok: false
  readonly file: string
}

/** What is known of the log from elsewhere. */
export interface Expectations {
  /** A record that must be there. */
  readonly head?: { readonly index: number; readonly hash: string }
  /** Checkpoints of the log whose signatures hold: what they say must have been so, all of it. */
  readonly checkpoints?: readonly Checkpoint[]
  /** Receipts of the log whose signatures hold: their records must stand there. */
  readonly receipts?: readonly ReceiptProof[]
  /** Index of the first record that must be there; 0 unless older segments were removed on purpose. */
  readonly firstIndex?: number
  /** The log's name, `node/worker`. */
  readonly log?: string
}

/**
 * Reads every segment of one log's directory and names the first record that was edited, removed, moved, repeated or cut away inside the log.
 * A log that is being written is read to its last whole line. Memory is bounded by the exchanges open at one time.
 */
export async function verifyLog(directory: string, expect: Expectations = {}): Promise<Verified | Broken> {
  const names = await segmentNames(directory)
  const firstIndex = expect.firstIndex ?? 0
  const open = new Set<string>()
  let log = expect.log
  let end: ChainEnd = { next: firstIndex, hash: 'A'.repeat(43) }
  let tornTail = false
  let memory: Fault | undefined
  let tree = emptyTree
  // Tiles begin with record 0: behind a removal on purpose nothing tells what they were made of.
  const tiles = firstIndex === 0 ? tileCheck(directory) : undefined
  const handovers = handoverList()
  let firstKey: string | undefined
  const broken = (name: string, fault: Fault): Broken => ({ ok: false, file: join(directory, name), ...fault })
  const past = remembered(expect.checkpoints ?? [], expect.receipts ?? [])
  if ('problem' in past) return broken('checkpoint', { line: 1, ...past })
  for (const [position, name] of names.entries()) {
    let wrongHeader: string | undefined
    // After a removal on purpose nothing says what came before the first segment but its own header.
    const reading = await readable(end.next, join(directory, name), (chunks) =>
      readSegment(
        chunks,
        position === 0 && firstIndex > 0 ? undefined : end,
        (header) => {
          if (position === 0) for (const exchange of header.open) open.add(exchange)
          log ??= header.log
          if (header.log !== log) wrongHeader = `the segment belongs to the log ${header.log}, not to ${log}`
          if (header.first !== firstOf(name)) wrongHeader = `the file's name does not fit its first record, ${header.first}`
          if (position === 0) tree = header.tree
          firstKey ??= header.firstKey
          if (header.firstKey !== firstKey) wrongHeader = "the header names another key as the log's first than those before it"
          if (position === 0) {
            // Nothing comes before the first segment that could have handed a key over; before a later one, what did must hold by itself.
            wrongHeader ??= header.first === 0 && header.handovers.length > 0 ? 'keys are handed over before the first record' : undefined
            wrongHeader ??= brokenHandover(header.handovers, firstKey)
            handovers.begin(header.handovers)
          }
          if (JSON.stringify(header.handovers) !== JSON.stringify(handovers.all))
            wrongHeader = 'the header holds other handovers of keys than the records before it'
          if (rootOf(header.tree).compare(rootOf(tree)) !== 0)
            wrongHeader = 'the header holds another tree than that of the records before it'
          if (position === 0 && header.first !== firstIndex) wrongHeader = `the log begins at record ${header.first}, not at ${firstIndex}`
        },
        (index, digest, json) => {
          const { object: read, doubt } = readObject(json)
          const { type, exchange } = read ?? {}
          if (type === 'forwarding' && typeof exchange === 'string') open.add(exchange)
          if (type === 'outcome' && typeof exchange === 'string') open.delete(exchange)
          const foreign = handovers.take(read ?? {}) === undefined ? undefined : handoverProblem(handovers.all, firstKey)
          const leaf = leafHash(json)
          tree = grown(tree, [leaf])
          tiles?.push(leaf)
          const unlike = index === expect.head?.index && digest !== expect.head.hash
          const unread = read === undefined ? 'the record holds no entry that could be read' : (doubt ?? foreign)
          const problem = unlike ? 'the record is not the one that is remembered' : unread
          const unmet = problem === undefined ? past.met(tree, leaf) : { badIndex: index, problem }
          if (unmet !== undefined) memory ??= { line: Math.max(1, unmet.badIndex - firstOf(name) + 2), ...unmet }
        },
      ),
    )
    if ('problem' in reading) return broken(name, reading)
    if (wrongHeader !== undefined) return broken(name, { badIndex: end.next, line: 1, problem: wrongHeader })
    const fault = memory ?? reading.fault
    if (fault !== undefined) return broken(name, fault)
    tornTail = reading.torn
    if (tornTail && position < names.length - 1) {
      return broken(name, { badIndex: reading.next, line: reading.next - firstOf(name) + 2, problem: 'the segment is cut short' })
    }
    end = { next: reading.next, hash: reading.hash }
  }
  if (expect.head !== undefined && expect.head.index >= end.next) {
    const line = end.next - firstOf(names.at(-1) ?? '0') + 2
    const problem = `the log ends before record ${expect.head.index}, which is remembered`
    return broken(names.at(-1) ?? '', { badIndex: end.next, line, problem })
  }
  const lost = past.missing(end.next)
  if (lost !== undefined) return broken(names.at(-1) ?? '', { line: end.next - firstOf(names.at(-1) ?? '0') + 2, ...lost })
  const wrongTile = tiles?.wrong()
  if (wrongTile !== undefined) return { ok: false, line: 1, ...wrongTile }
  const records = end.next - firstIndex
  const root = rootOf(tree).toString('base64')
  return { ok: true, log: log ?? '', records, firstIndex, lastIndex: end.next - 1, head: end.hash, root, unfinished: open.size, tornTail }
}

/** What reading the segment shows; a fault where the disk does not give it, as with a bad sector. */
async function readable(
  badIndex: number,
  path: string,
  read: (chunks: AsyncIterable<Uint8Array>) => Promise<SegmentReading>,
): Promise<SegmentReading | Fault> {
  try {
    return await read(plainChunks(path))
  } catch (error) {
    return { badIndex, line: 1, problem: `the segment cannot be read: ${(error as Error).message}` }
  }
}

function unreadable(file: string, { message }: Error): BadEvidence {
  return { file, problem: `it cannot be read: ${message}` }
}

/**
 * Verifies every log under `dataDir/audit`, each under the name that its directory gives it, against its own checkpoint and what is given
 * from elsewhere; one that cannot be read is broken. Rejects where `dataDir/audit` cannot be read.
 */
export async function verifyAll(dataDir: string, evidence: Evidence = {}): Promise<ReadonlyMap<string, Verified | Broken>> {
  const root = join(dataDir, 'audit')
  const results = new Map<string, Verified | Broken>()
  for (const name of logFolders(dataDir)) {
    const log = name.replace(/-([^-]*)$/, '/$1')
    if (!isFolder(join(root, name))) {
      results.set(log, {
        ok: false,
        badIndex: 0,
        line: 1,
        file: join(root, name),
        problem: 'this is a link, and no folder is where it leads',
      })
      continue
    }
    const known = await evidenceFor(join(root, name), log, evidence).catch((error: Error) => unreadable(join(root, name), error))
    results.set(
      log,
      'problem' in known ? await brokenWithout(join(root, name), log, known) : await verifyLog(join(root, name), { log, ...known }),
    )
  }
  return results
}

/**
 * A log whose evidence cannot be believed. What took the belief away may be the record that was tampered with, above all one that a key was handed over in or before: the log's
 * own first fault says where. One that is sound in itself and shorter than the evidence says ends too early.
 */
async function brokenWithout(directory: string, log: string, { file, problem, size = 0 }: BadEvidence): Promise<Broken> {
  const read = await verifyLog(directory, { log })
  if (!read.ok) return { ...read, problem: `${read.problem}; and ${problem}` }
  if (size <= read.records) return { ok: false, badIndex: 0, line: 1, file, problem }
  return {
    ok: false,
    badIndex: read.records,
    line: 1,
    file,
    problem: `the log ends before record ${size - 1}, which there is said to be; and ${problem}`,
  }
}
