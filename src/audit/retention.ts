import type { Clock } from '../lib/clock.ts'
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
 * jumps ahead and back must not destroy what is to be kept. `record` resolves once it is on disk which keys are about to go.
 */
export function createRetention(
  keys: PeriodKeys,
  months: () => number,
  clock: Clock,
  record: (periods: readonly string[]) => Promise<unknown>,
): Retention {
  let lookedAt: number | undefined
  const dueSince = new Map<string, number>()
  function look(): void {
    const elapsed = clock.elapsed()
    if (lookedAt !== undefined && elapsed - lookedAt < hour) return
    lookedAt = elapsed
    const kept = periodOf(keptSince(clock.now(), months()))
    const due = keys.periods.filter((period) => period < kept)
    for (const period of dueSince.keys()) if (!due.includes(period)) dueSince.delete(period)
    for (const period of due) if (!dueSince.has(period)) dueSince.set(period, elapsed)
    if (due.length === 0 || due.some((period) => elapsed - (dueSince.get(period) ?? elapsed) < longestDoubt)) return
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
