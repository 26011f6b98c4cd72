/** Where time comes from. Everything that decides by time takes one, so that tests and simulations can hold it. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. May jump. */
  now(): number
  /** Monotonic time in milliseconds with fractions, from an arbitrary start. Never jumps. */
  elapsed(): number
}

/** The machine's own clock. */
export const systemClock: Clock = { now: Date.now, elapsed: () => performance.now() }
