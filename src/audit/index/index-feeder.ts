import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../lib/clock.ts'
import { logDirectories } from '../log-directories.ts'
import type { IndexStore } from './index-store.ts'
import { joinRecords } from './join-records.ts'
import { type LogTail, openLogTail } from './log-tail.ts'

/** How far the index has come. */
export interface IndexProgress {
  /** What stood in this machine's logs at this time, ms since 1970, is indexed; undefined before the first time. */
  readonly complete?: number
  /** Records taken in since the start. */
  readonly records: number
  /** Index of the next record of each log. */
  readonly logs: Readonly<Record<string, number>>
  /** Why the index does not get on now. */
  readonly problem?: string
}

/** Follows the logs of this machine and fills the index. */
export interface IndexFeeder {
  readonly progress: IndexProgress
  /** Takes in what there is, log by log. Resolves when all that stood in the logs at the call is indexed; rejects with the store's error. */
  pass(): Promise<void>
  /** Ends the pass under way behind the batch that it takes in, and whatever begins before `forgetAll`; both reject. */
  interrupt(): void
  /** Takes everything of this machine's logs out of the index; the next pass reads them from their beginning. */
  forgetAll(): Promise<void>
}

/** Records of a batch. The index's thread answers nobody meanwhile, so it is small. */
const batchRecords = 4000

/** Milliseconds between two claims of a log. */
const claimEvery = 30_000

interface Followed {
  readonly tail: LogTail
  next: number
  readonly openings: Map<string, number>
}

/** What a feeder works with. `told` is called after each batch and pass. */
export interface FeederOptions {
  readonly store: IndexStore
  readonly dataDirectory: string
  readonly clock: Clock
  readonly told: (progress: IndexProgress) => void
}

/** Makes a feeder. */
export function createIndexFeeder({ store, dataDirectory, clock, told }: FeederOptions): IndexFeeder {
  const followed = new Map<string, Followed>()
  /** When each log was claimed, by the monotonic clock. */
  const claimed = new Map<string, number>()
  let progress: IndexProgress = { records: 0, logs: {} }
  let interrupted = false
  const tell = (change: Partial<IndexProgress>): void => {
    progress = { ...progress, ...change }
    told(progress)
  }

  async function claim(log: string): Promise<void> {
    const now = clock.elapsed()
    if (now - (claimed.get(log) ?? Number.NEGATIVE_INFINITY) < claimEvery) return
    await store.claim?.(log, false)
    claimed.set(log, now)
  }

  async function follow(log: string, directory: string): Promise<Followed> {
    const position = await store.position(log)
    let tail = openLogTail(directory, position)
    if (tail !== 'changed') return { tail, next: position?.next ?? 0, openings: new Map() }
    await store.forget(log)
    tail = openLogTail(directory, undefined)
    if (tail === 'changed') throw new Error(`the log ${log} changes while it is read`)
    return { tail, next: 0, openings: new Map() }
  }

  /** One batch; false where the log held no more. */
  async function advance(log: string, directory: string): Promise<boolean> {
    await claim(log)
    let one = followed.get(log)
    if (one === undefined) {
      one = await follow(log, directory)
      followed.set(log, one)
    }
    try {
      const read = one.tail.read(batchRecords)
      if (read === 'changed') {
        await store.forget(log)
        followed.delete(log)
        return true
      }
      const { records, atEnd } = read
      if (records.length === 0) return false
      const batch = joinRecords(log, one.next, records, one.openings)
      const added = await store.add(batch)
      // Somebody else feeds the same index: go on from where it stands.
      if (added) one.next = batch.position.next
      else followed.delete(log)
      tell({ records: progress.records + records.length, logs: { ...progress.logs, [log]: batch.position.next } })
      return !added || !atEnd
    } catch (error) {
      // What of the batch is in the index, its position says.
      followed.delete(log)
      claimed.delete(log)
      throw error
    }
  }

  return {
    get progress() {
      return progress
    },
    async pass() {
      const begun = clock.now()
      try {
        for (const [log, directory] of logDirectories(dataDirectory)) {
          while (!interrupted && (await advance(log, directory))) await turn()
          if (interrupted) throw new Error('the index is being made anew')
        }
        const { problem: _solved, ...rest } = progress
        progress = rest
        tell({ complete: begun })
      } catch (error) {
        tell({ problem: error instanceof Error ? error.message : String(error) })
        throw error
      }
    },
    interrupt() {
      interrupted = true
    },
    async forgetAll() {
      interrupted = false
      followed.clear()
      for (const log of logDirectories(dataDirectory).keys()) {
        await store.claim?.(log, true)
        await store.forget(log)
      }
      const { complete: _older, problem: _solved, ...rest } = progress
      progress = { ...rest, logs: {} }
      tell({})
    },
  }
}
