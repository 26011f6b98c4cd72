import { setImmediate as turn } from 'node:timers/promises'
import { logDirectories } from '../log-directories.ts'
import type { StoredRecord } from './audit-index.ts'
import { type LogTail, openLogTail, positionBefore, type TailRecord } from './log-tail.ts'

/** Records of one log that are in memory at a time. */
const batchRecords = 1000
/** A refused call is recorded at its end under the time of its beginning: behind a record that is later by this, none is earlier. */
const latestMs = 60_000

interface Reading {
  readonly log: string
  readonly tail: LogTail
  records: readonly TailRecord[]
  /** Of the record that comes next. */
  at: number
  /** There is nothing behind what was read. */
  ended: boolean
}

/**
 * The records of all logs of this machine from `since` on and before `until` (ms since 1970), about in the order of their times: each log is read in its
 * own order, and of the next ones the earliest goes first. Nothing is kept of what was given. Throws where a log is not what it was while it is read.
 */
export async function* recordsInOrder(dataDirectory: string, since: number, until: number): AsyncGenerator<StoredRecord> {
  const readings: Reading[] = []
  for (const [log, directory] of logDirectories(dataDirectory)) {
    const reading = begin(log, directory, since)
    if (await advance(reading)) readings.push(reading)
  }
  for (;;) {
    let next: Reading | undefined
    for (const one of readings) if (next === undefined || timeOf(one) < timeOf(next)) next = one
    if (next === undefined) return
    const record = next.records[next.at]
    if (record === undefined) throw new RangeError('a log was read beyond its end')
    const { entry, index } = record
    if (entry.at >= since && entry.at < until) yield { log: next.log, index, entry }
    next.at++
    if (entry.at >= until + latestMs || !(await advance(next))) readings.splice(readings.indexOf(next), 1)
  }
}

function timeOf({ records, at }: Reading): number {
  return records[at]?.entry.at ?? Number.POSITIVE_INFINITY
}

function begin(log: string, directory: string, since: number): Reading {
  const tail = openLogTail(directory, positionBefore(directory, since))
  if (tail === 'changed') throw changes(log)
  return { log, tail, records: [], at: 0, ended: false }
}

/** Sees to it that there is a next record; false where there is none. */
async function advance(reading: Reading): Promise<boolean> {
  if (reading.at < reading.records.length) return true
  if (reading.ended) return false
  const batch = reading.tail.read(batchRecords)
  // Files are read synchronously: whatever else is under way has its turn once a batch.
  await turn()
  if (batch === 'changed') throw changes(reading.log)
  reading.records = batch.records
  reading.at = 0
  reading.ended = batch.atEnd
  return batch.records.length > 0
}

function changes(log: string): Error {
  return new Error(`the log ${log} is not what it was when reading began: was it restored from a copy?`)
}
