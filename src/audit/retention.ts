import type { Clock } from '../lib/clock.ts'
import type { DueTimes } from './due-times.ts'
import { keptSince } from './kept-since.ts'
import { type PeriodKeys, periodOf } from './period-keys.ts'

/** Destroys the keys of months that are past their time. */
export interface Retention {
  /** Looks once an hour, however often it is called. Never throws: what fails is tried again an hour later. */
  look(): void
}

const hour = 3_600_000
const longestDoubt = 24 * hour

/**
 * A month's key is destroyed once the month ended `months` ago or longer, and every look of 24 hours of running found it so: a clock that
 * jumps ahead and back must not destroy what is to be kept. `times` keeps those hours from one start to the next, or a proxy that is started
 * anew each night would never destroy any. `record` resolves once it is on disk which keys are about to go.
 */
export function createRetention(
  keys: PeriodKeys,
  months: () => number,
  clock: Clock,
  times: DueTimes,
  record: (periods: readonly string[]) => Promise<unknown>,
): Retention {
  let lookedAt: number | undefined
  let dueFor: ReadonlyMap<string, number> | undefined
  function look(): void {
    const elapsed = clock.elapsed()
    if (lookedAt !== undefined && elapsed - lookedAt < hour) return
    const passed = lookedAt === undefined ? 0 : elapsed - lookedAt
    lookedAt = elapsed
    const kept = periodOf(keptSince(clock.now(), months()))
    const due = keys.periods.filter((period) => period < kept)
    const before = dueFor ?? times.read()
    const now = new Map(due.map((period) => [period, before.has(period) ? (before.get(period) ?? 0) + passed : 0]))
    dueFor = now
    if (now.size > 0 || before.size > 0) times.write(now)
    if (due.length === 0 || due.some((period) => (now.get(period) ?? 0) < longestDoubt)) return
    record(due)
      .then(() => keys.destroyBefore(kept))
      .catch(() => {})
  }
  return {
    look() {
      try {
        look()
      } catch {
        // A folder that cannot be read now is looked at again.
      }
    },
  }
}
