import type { Clock } from '../../lib/clock.ts'
import { keptSince } from '../kept-since.ts'
import { logDirectories } from '../log-directories.ts'
import { openPeriodKeys, periodStart } from '../period-keys.ts'
import { type AuditIndex, type FoundExchange, IndexUnavailable, type StoredRecord } from './audit-index.ts'
import { createIndexFeeder, type IndexProgress } from './index-feeder.ts'
import type { IndexStore } from './index-store.ts'
import type { IndexedExchange } from './indexed.ts'
import { recordAt } from './log-tail.ts'
import { type SubjectSecrets, subjectKeySeal } from './sealed-subject-key.ts'
import { pageOf } from './search.ts'
import { createSubjectKeys } from './subject-keys.ts'

/** What the index works with. */
export interface IndexWorkOptions {
  readonly store: IndexStore
  readonly dataDirectory: string
  /** `audit.node`. */
  readonly node: string
  /** What keys of NHS numbers are published under, where the store is shared. */
  readonly secrets?: SubjectSecrets
  /** Whole months that are kept. */
  readonly retentionMonths: number
  readonly clock: Clock
  readonly told?: (progress: IndexProgress) => void
}

/** The index at work; `step` is to be called again and again. */
export interface IndexWork extends AuditIndex {
  /** Takes in what has come, and once an hour purges what is past its period. Rejects with the store's error. */
  step(): Promise<void>
}

type Of = Pick<IndexedExchange, 'exchange' | 'log'>

const purgeEveryMs = 3_600_000

/** Joins store and feeder into an index that works in this thread. */
export function createIndexWork(options: IndexWorkOptions): IndexWork {
  const { store, dataDirectory, node, secrets = {}, retentionMonths, clock, told = () => undefined } = options
  const { published } = store
  const shared = published && { published, seal: subjectKeySeal(secrets) }
  const keys = openPeriodKeys(dataDirectory)
  const subjects = createSubjectKeys({ dataDirectory, keys, node, retentionMonths, clock, shared })
  /** Why the keys could not be published. */
  let unpublished: string | undefined
  const progressOf = (fed: IndexProgress): IndexProgress =>
    unpublished === undefined ? fed : { ...fed, problem: fed.problem ?? unpublished }
  const feeder = createIndexFeeder({ store, dataDirectory, clock, told: (fed) => told(progressOf(fed)) })
  let purgedAt: number | undefined
  let passing: Promise<void> | undefined

  async function asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      throw new IndexUnavailable(`the index cannot be asked: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
    }
  }

  async function publish(): Promise<void> {
    try {
      await subjects.publish()
      unpublished = undefined
    } catch (error) {
      unpublished = error instanceof Error ? error.message : String(error)
      told(progressOf(feeder.progress))
      throw error
    }
  }

  /** No row comes in of a month of which the others do not know; and a month that begins in the midst is known at the end. */
  async function publishAndFeed(): Promise<void> {
    await publish()
    await feeder.pass()
    await publish()
  }

  /** Nothing goes before its period's key, which is destroyed only after a day of running: a clock that is years ahead for a moment would else empty the index for good. */
  function oldestKept(): number {
    const [oldest] = keys.periods
    return oldest === undefined ? Number.POSITIVE_INFINITY : periodStart(oldest)
  }

  /** One pass at a time. */
  function pass(): Promise<void> {
    passing ??= publishAndFeed().finally(() => {
      passing = undefined
    })
    return passing
  }

  function recordsOf(exchange: IndexedExchange): readonly StoredRecord[] {
    const directory = logDirectories(dataDirectory).get(exchange.log)
    if (directory === undefined) return []
    const places = new Set([exchange.place, ...(exchange.outcomePlace === undefined ? [] : [exchange.outcomePlace])])
    const records: StoredRecord[] = []
    for (const place of places) {
      const found = recordOf(exchange, directory, place)
      if (found !== undefined) records.push(found)
    }
    return records
  }

  function recordOf({ exchange, log }: Of, directory: string, place: string): StoredRecord | undefined {
    const found = recordAt(directory, place)
    // What stands there now may be of another log of that name: it is no record of this exchange.
    const isIts = found !== undefined && 'exchange' in found.entry && found.entry.exchange === exchange
    return isIts ? { log, index: found.index, entry: found.entry } : undefined
  }

  return {
    find: (id) =>
      asked(async (): Promise<FoundExchange | undefined> => {
        const exchange = await store.find(id)
        return exchange === undefined ? undefined : { exchange, records: recordsOf(exchange) }
      }),
    search: (search, limit, after) => asked(async () => pageOf(await store.search(search, limit + 1, after), limit)),
    beginnings: (exchanges) =>
      asked(async () => {
        const directories = logDirectories(dataDirectory)
        const found: (StoredRecord | undefined)[] = []
        for (const one of exchanges) {
          const directory = directories.get(one.log)
          found.push(directory === undefined ? undefined : recordOf(one, directory, one.place))
        }
        return found
      }),
    hashesOf: (nhsNumber) => asked(() => subjects.hashesOf(nhsNumber)),
    events: (search, limit, after) => asked(async () => pageOf(await store.events(search, limit + 1, after), limit)),
    rebuild: () =>
      asked(async () => {
        // A first pass over millions of records takes minutes, and whoever asks would have given up.
        feeder.interrupt()
        await passing?.catch(() => undefined)
        await feeder.forgetAll()
      }),
    caughtUp: () =>
      asked(async () => {
        // A pass under way may have gone by a log that has grown since.
        await passing?.catch(() => undefined)
        await pass()
      }),
    get progress() {
      return progressOf(feeder.progress)
    },
    async step() {
      await pass()
      const now = clock.elapsed()
      if (purgedAt !== undefined && now - purgedAt < purgeEveryMs) return
      await store.purge(Math.min(keptSince(clock.now(), retentionMonths), oldestKept()))
      purgedAt = now
    },
    async close() {
      await passing?.catch(() => undefined)
      await store.close()
    },
  }
}
