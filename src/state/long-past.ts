import type { Clock } from '../lib/clock.ts'

/** A clock that is ahead is put right within this time, or somebody should know of it. */
const keptMs = 3_600_000

/**
 * Tells what has been past whenever it was looked at for an hour of monotonic time. What is past by the clock on the wall may not be: who forgets it at once,
 * while that clock is years ahead for a moment, forgets what is in force again the moment after.
 */
export function longPast<One extends object>(clock: Clock, isPast: (one: One) => boolean): (one: One) => boolean {
  const since = new WeakMap<One, number>()
  return (one) => {
    if (!isPast(one)) {
      since.delete(one)
      return false
    }
    const first = since.get(one) ?? clock.elapsed()
    since.set(one, first)
    return clock.elapsed() - first >= keptMs
  }
}
