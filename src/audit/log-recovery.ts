import { join } from 'node:path'
import type { AuditEntry } from './entry.ts'
import type { LogFiles } from './log-file.ts'
import { type Handover, handoverList } from './log-handover.ts'
import { genesis } from './log-line.ts'
import { emptyTree, type Frontier, grown, leafHash } from './merkle-tree.ts'
import type { OpenExchanges } from './open-exchanges.ts'
import { jsonObject, readSegment } from './segment-reading.ts'

/** The log on disk is not what was written: it was tampered with, or the disk lost what it had confirmed. */
export class LogDamaged extends Error {
  override readonly name = 'LogDamaged'
}

/** Where a log goes on. */
export interface LogEnd {
  /** Index of the next record. */
  readonly next: number
  /** Chain hash of the last record. */
  readonly hash: string
  /** The tree of all records before it. */
  readonly tree: Frontier
  /** Verifier text of the log's first key; undefined where no header names it. */
  readonly firstKey?: string
  /** From which key to which the log was handed over, in order. */
  readonly handovers: readonly Handover[]
  /** The last segment that holds a record, and how much of it is whole: the rest is to be cut off before anything is written after it. */
  readonly tail?: { readonly path: string; readonly bytes: number }
}

/**
 * Finds the end of the log in its last segment, and tells `open` which exchanges have no outcome. What a crash left behind the last whole
 * record is left out: it was never confirmed to anybody. (A record that was written and not yet confirmed when the process died stays: it
 * is whole, and a forwarding entry too many does no harm.) Throws `LogDamaged`, naming the place, where the chain is broken before that.
 */
export async function findLogEnd(files: LogFiles, directory: string, log: string, open: OpenExchanges): Promise<LogEnd> {
  const names = (await files.list(directory)).filter((name) => /^\d{12,}\.log$/.test(name)).sort()
  let beginning = true
  for (const name of names.reverse()) {
    const path = join(directory, name)
    const damaged = (line: number, problem: string): LogDamaged =>
      new LogDamaged(`${path}:${line}: ${problem}. The audit log was changed or its disk lost data; keep a copy of it, and verify the log`)
    let tree = emptyTree
    const handovers = handoverList()
    const reading = await readSegment(
      files.read(path),
      undefined,
      (header) => {
        open.restore(header.open)
        tree = header.tree
        handovers.begin(header.handovers)
      },
      (_index, _digest, json) => {
        tree = grown(tree, [leafHash(json)])
        const entry = jsonObject(json) ?? {}
        open.apply(entry as unknown as AuditEntry)
        handovers.take(entry)
      },
    )
    if (reading.fault !== undefined) throw damaged(reading.fault.line, reading.fault.problem)
    const { header, next, hash } = reading
    // A start broken off before the segment's header was whole: nothing was ever written there, and the segment before is the last.
    if (header === undefined && beginning) {
      beginning = false
      continue
    }
    if (header === undefined || (reading.torn && !beginning)) throw damaged(1, 'the segment is cut short')
    if (header.log !== log) throw damaged(1, `the segment belongs to the log ${header.log}, not to ${log}`)
    if (header.first !== Number.parseInt(name, 10)) throw damaged(1, `the file's name does not fit its first record, ${header.first}`)
    const { firstKey = handovers.all[0]?.from } = header
    const end = { next, hash, tree, handovers: handovers.all, ...(firstKey !== undefined && { firstKey }) }
    return next === header.first ? end : { ...end, tail: { path, bytes: reading.wholeBytes } }
  }
  return { next: 0, hash: genesis, tree: emptyTree, handovers: [] }
}
