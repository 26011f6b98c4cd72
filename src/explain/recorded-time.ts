import type { Clock } from '../lib/clock.ts'

/** A clock that goes by what was recorded. */
export interface RecordedTime extends Clock {
  /** It is this time now (ms since 1970). Its monotonic time stands still where a record is of before. */
  is(at: number): void
}

/** A clock that nobody has told the time yet. */
export function createRecordedTime(): RecordedTime {
  let wall = 0
  let latest = 0
  return {
    now: () => wall,
    elapsed: () => latest,
    is(at) {
      wall = at
      latest = Math.max(latest, at)
    },
  }
}
