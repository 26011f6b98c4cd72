import { resolve } from 'node:path'
import type { IndexProgress } from '../audit/index/index-feeder.ts'
import { createIndexWork, type IndexWork } from '../audit/index/index-work.ts'
import { createLookups, type Lookups } from '../audit/index/lookups.ts'
import { openIndexStore } from '../audit/index/open-index-store.ts'
import { openPeriodKeys } from '../audit/period-keys.ts'
import { systemClock } from '../lib/clock.ts'
import type { LoadedConfig } from './load-config.ts'
import { indexThreadData } from './open-finding.ts'
import { openLooks } from './open-looks.ts'

/** What was recorded, made findable while no proxy runs. */
export interface LocalFinding {
  readonly lookups: Lookups
  /** Reads what the logs hold and the index does not. */
  caughtUp(): Promise<void>
  close(): Promise<void>
}

/** Opens index and log for one command. Looks are recorded in the log `node/cli`; where that cannot be written, nothing is shown. */
export async function openLocalFinding(loaded: LoadedConfig, told: (progress: IndexProgress) => void): Promise<LocalFinding> {
  const dataDirectory = resolve(loaded.baseDir, loaded.config.dataDirectory)
  const { settings, node, retentionMonths, tls } = indexThreadData(loaded, dataDirectory)
  const trail = await openLooks(loaded, dataDirectory)
  let work: IndexWork
  try {
    const store = openIndexStore(settings, { dataDirectory, now: systemClock.now, ...(tls !== undefined && { tls }) })
    work = createIndexWork({ store, dataDirectory, node, secrets: settings.postgres, retentionMonths, clock: systemClock, told })
  } catch (error) {
    await trail.close()
    throw error
  }
  return {
    lookups: createLookups({
      index: work,
      keys: openPeriodKeys(dataDirectory),
      now: systemClock.now,
      record: async (actor, act, detail) => {
        await trail.operation({ type: 'operation', v: 1, at: systemClock.now(), actor, act, detail })
      },
    }),
    caughtUp: () => work.caughtUp(),
    async close() {
      await work.close()
      await trail.close()
    },
  }
}
