/** Where time comes from. Everything that decides by time takes one, so that tests and simulations can hold it. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. May jump. */
  now(): number
  /** Monotonic time in milliseconds with fractions, from an arbitrary start. Never jumps. */
  elapsed(): number
}

/** The machine's own clock. */
export const systemClock: Clock = { now: Date.now, elapsed: () => performance.now() }

/** A moment ahead, in both times of a clock. */
export interface Moment {
  readonly now: number
  readonly elapsed: number
}

/** The moment in so many milliseconds. */
export function momentIn(clock: Clock, milliseconds: number): Moment {
  return { now: clock.now() + milliseconds, elapsed: clock.elapsed() + milliseconds }
}

/** Whether a moment is reached, by the one time or the other: the first may jump back by years, the second stands while the machine sleeps. */
export function isReached(clock: Clock, { now, elapsed }: Moment): boolean {
  return clock.now() >= now || clock.elapsed() >= elapsed
}
