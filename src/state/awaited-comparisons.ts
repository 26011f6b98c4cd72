import type { Clock } from '../lib/clock.ts'
import { lateAfter } from '../lib/deadline.ts'

/** Who waits for a comparison with the shared store that began after he asked. */
export interface AwaitedComparisons {
  /** Resolves with true once one has ended that begins from now on, with false after `withinMs`. */
  next(withinMs: number): Promise<boolean>
  /** One has come to its end; `began` as the clock's `elapsed` had it. */
  ended(began: number): void
}

/** Nobody waits yet. */
export function createAwaitedComparisons(clock: Clock): AwaitedComparisons {
  const waiting = new Map<(ended: boolean) => void, number>()
  return {
    next(withinMs) {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      waiting.set(resolve, clock.elapsed())
      const timer = lateAfter(withinMs, () => resolve(false))
      return promise.finally(() => {
        clearTimeout(timer)
        waiting.delete(resolve)
      })
    },
    ended(began) {
      for (const [resolve, asked] of waiting) if (asked <= began) resolve(true)
    },
  }
}
