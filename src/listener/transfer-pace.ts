/** What is expected of a consumer that sends a body. */
export interface PaceLimits {
  readonly silenceMs: number
  readonly minimumBytesPerSecond: number
  readonly minimumRateAfterMs: number
}

/** Watches one transfer: whether it has fallen silent, or drips. Times are monotonic ms. */
export class TransferPace {
  #limits: PaceLimits
  #bytes = -1
  #movedAt = 0
  #windowAt = 0
  #windowBytes = 0

  constructor(limits: PaceLimits) {
    this.#limits = limits
  }

  /** What is wrong, given how many bytes have come by now; while nobody reads (`wanted` is false) the sender cannot be blamed. */
  judge(now: number, bytes: number, wanted: boolean): 'silent' | 'slow' | undefined {
    if (!wanted || this.#bytes < 0) {
      this.#bytes = bytes
      this.#movedAt = now
      this.#begin(now, bytes)
      return undefined
    }
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#movedAt = now
    }
    const { silenceMs, minimumBytesPerSecond, minimumRateAfterMs } = this.#limits
    if (now - this.#movedAt >= silenceMs) return 'silent'
    const elapsed = now - this.#windowAt
    if (elapsed < minimumRateAfterMs) return undefined
    const slow = bytes - this.#windowBytes < (elapsed / 1000) * minimumBytesPerSecond
    this.#begin(now, bytes)
    return slow ? 'slow' : undefined
  }

  /** Another transfer begins, under these limits. */
  reset(limits: PaceLimits): void {
    this.#limits = limits
    this.#bytes = -1
  }

  #begin(now: number, bytes: number): void {
    this.#windowAt = now
    this.#windowBytes = bytes
  }
}
