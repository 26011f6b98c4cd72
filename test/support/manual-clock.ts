import type { Clock } from '../../src/lib/clock.ts'

/** A clock that stands until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves both its times on. Milliseconds. */
  pass(milliseconds: number): void
}

/** A clock that shows this time (ms since 1970) and begins its monotonic time anywhere. */
export function manualClock(start = Date.UTC(2026, 0, 5, 9)): ManualClock {
  let passed = 0
  return {
    now: () => start + passed,
    elapsed: () => 5_000 + passed,
    pass(milliseconds) {
      passed += milliseconds
    },
  }
}
