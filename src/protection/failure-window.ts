/** What a sliding window holds. */
export interface FailureTally {
  readonly calls: number
  readonly failures: number
  /** 0, 1, or 2 for two and more: how many consumers called, and how many of them saw a failure. */
  readonly callers: number
  readonly failingCallers: number
}

const slices = 10

/** Counts calls and failures over a sliding window of ten slices. O(1) a call, constant in memory whoever calls. */
export class FailureWindow {
  readonly #sliceMs: number
  readonly #calls = new Uint32Array(slices)
  readonly #failures = new Uint32Array(slices)
  readonly #callers: Callers[] = Array.from({ length: slices }, () => ({ seen: undefined, several: false }))
  readonly #failing: Callers[] = Array.from({ length: slices }, () => ({ seen: undefined, several: false }))
  #slice = 0

  /** The window's length in ms. */
  constructor(windowMs: number) {
    this.#sliceMs = windowMs / slices
  }

  /** A call of this consumer ended, well or not. */
  record(consumer: string, failed: boolean, now: number): void {
    const at = this.#advance(now)
    this.#calls[at] = (this.#calls[at] ?? 0) + 1
    note(this.#callers[at], consumer)
    if (!failed) return
    this.#failures[at] = (this.#failures[at] ?? 0) + 1
    note(this.#failing[at], consumer)
  }

  /** What the window that ends now holds. */
  tally(now: number): FailureTally {
    this.#advance(now)
    let calls = 0
    let failures = 0
    for (let at = 0; at < slices; at++) {
      calls += this.#calls[at] ?? 0
      failures += this.#failures[at] ?? 0
    }
    return { calls, failures, callers: distinct(this.#callers), failingCallers: distinct(this.#failing) }
  }

  /** Forgets everything. */
  clear(): void {
    for (let at = 0; at < slices; at++) this.#empty(at)
  }

  #advance(now: number): number {
    const slice = Math.floor(now / this.#sliceMs)
    const steps = Math.min(slices, slice - this.#slice)
    for (let step = 0; step < steps; step++) this.#empty((slice - step) % slices)
    if (steps > 0) this.#slice = slice
    return this.#slice % slices
  }

  #empty(at: number): void {
    this.#calls[at] = 0
    this.#failures[at] = 0
    for (const one of [this.#callers[at], this.#failing[at]]) if (one !== undefined) one.seen = undefined
    for (const one of [this.#callers[at], this.#failing[at]]) if (one !== undefined) one.several = false
  }
}

interface Callers {
  seen: string | undefined
  several: boolean
}

function note(callers: Callers | undefined, consumer: string): void {
  if (callers === undefined) return
  if (callers.seen === undefined) callers.seen = consumer
  else if (callers.seen !== consumer) callers.several = true
}

function distinct(all: readonly Callers[]): number {
  let seen: string | undefined
  for (const callers of all) {
    if (callers.several) return 2
    if (callers.seen === undefined) continue
    if (seen !== undefined && seen !== callers.seen) return 2
    seen = callers.seen
  }
  return seen === undefined ? 0 : 1
}
