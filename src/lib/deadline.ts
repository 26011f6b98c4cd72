/**
 * A point in time that keeps moving away, and what happens if it is reached. Costs a timer only where it moves nearer: moved thousands of times a
 * second by what is a sign of life, it is a comparison.
 */
export class Deadline {
  readonly #now: () => number
  readonly #reached: () => void
  #at = 0
  #timer: NodeJS.Timeout | undefined
  #firesAt = 0

  /** `now` is monotonic, in ms. The timer keeps no process alive. */
  constructor(now: () => number, reached: () => void) {
    this.#now = now
    this.#reached = reached
  }

  /** The deadline is so many milliseconds from now. */
  within(milliseconds: number): void {
    this.#at = this.#now() + milliseconds
    if (this.#timer !== undefined && this.#firesAt <= this.#at) return
    clearTimeout(this.#timer)
    this.#firesAt = this.#at
    this.#timer = setTimeout(() => this.#fire(), milliseconds)
    this.#timer.unref()
  }

  /** There is none. */
  clear(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#at = Number.POSITIVE_INFINITY
  }

  #fire(): void {
    this.#timer = undefined
    const left = this.#at - this.#now()
    if (left > 0) this.within(left)
    else this.#reached()
  }
}

/**
 * Calls `late` after so many milliseconds and a turn of the event loop: what has arrived while this process was held up is heard before. Cleared like any timer
 * until then; whoever may be answered in that very turn looks himself.
 */
export function lateAfter(milliseconds: number, late: () => void): NodeJS.Timeout {
  return setTimeout(() => setImmediate(late), milliseconds)
}

/** Resolves with a promise that never rejects, or after so many milliseconds: the sooner counts. */
export function settledWithin(settles: Promise<void>, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = lateAfter(milliseconds, resolve)
    void settles.then(() => {
      clearTimeout(timer)
      resolve()
    })
  })
}
