import { recordsInOrder } from '../audit/index/records-in-order.ts'
import { openPeriodKeys } from '../audit/period-keys.ts'
import { createRecordedTime } from '../explain/recorded-time.ts'
import { type ReplayParts, replay } from '../explain/replay.ts'
import { createReplaying } from '../explain/replay-call.ts'
import type { ReplayReport } from '../explain/replay-tally.ts'
import { systemClock } from '../lib/clock.ts'
import { createAllowances } from '../protection/allowances.ts'
import type { Registry } from '../registry/registry.ts'
import type { LoadedConfig } from './load-config.ts'
import { openLooks } from './open-looks.ts'

/** Which recorded calls are decided again, and who asks. Times in ms since 1970. */
export interface ReplayAsked extends Pick<ReplayParts, 'consumer' | 'told'> {
  readonly dataDirectory: string
  readonly actor: string
  readonly since: number
  readonly until: number
}

/** Decides what the logs of this machine hold again, by these settings and this directory. That somebody looked is recorded before anything is read. */
export async function replayOffline(
  loaded: LoadedConfig,
  registry: Registry,
  { dataDirectory, actor, since, until, consumer, told }: ReplayAsked,
): Promise<ReplayReport> {
  const looks = await openLooks(loaded, dataDirectory)
  try {
    const by = { settings: loaded.version, registry: registry.version, ...(consumer !== undefined && { consumer }) }
    const detail = { since: new Date(since).toISOString(), until: new Date(until).toISOString(), ...by }
    await looks.operation({ type: 'operation', v: 1, at: systemClock.now(), actor, act: 'replay', detail })
  } finally {
    await looks.close()
  }
  const time = createRecordedTime()
  const keys = openPeriodKeys(dataDirectory)
  return replay(recordsInOrder(dataDirectory, since, until), {
    ...{ time, told, ...(consumer !== undefined && { consumer }) },
    open: ({ personal }, { log, index }) => keys.open(personal, log, index),
    decide: createReplaying({ settings: loaded.config.checks, clock: time, allowances: createAllowances(time.elapsed) }, registry),
  })
}
