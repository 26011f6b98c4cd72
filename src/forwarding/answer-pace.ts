/** A minimum rate for answers, by spans: whatever came before, a span in which too little passes is too slow. */
export interface PaceLimits {
  readonly minimumBytesPerSecond: number
  readonly minimumRateAfterSeconds: number
}

/** How fast one answer passes. A fast beginning buys no standstill later, which would hold a place at the provider. */
export class AnswerPace {
  #since: number | undefined
  #bytes = 0

  /** Whether the span that ends now, if one does, was too slow. `beganAt` is when the answer began, `now` the time, both monotonic ms; `bytes` all that has passed. */
  isTooSlow(beganAt: number, now: number, bytes: number, limits: PaceLimits): boolean {
    this.#since ??= beganAt
    const seconds = (now - this.#since) / 1000
    if (seconds < limits.minimumRateAfterSeconds) return false
    const slow = bytes - this.#bytes < seconds * limits.minimumBytesPerSecond
    this.#since = now
    this.#bytes = bytes
    return slow
  }
}
