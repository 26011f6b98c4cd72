/** What a sliding window holds. */
export interface FailureTally {
  readonly calls: number
  readonly failures: number
  /** 0, 1, or 2 for two and more: how many consumers called, and how many of them saw a failure. */
  readonly callers: number
  readonly failingCallers: number
}

/** What other windows of the same length are to know of one. */
export interface FailureReport {
  readonly calls: number
  readonly failures: number
  /** Consumers that called, and those of them that saw a failure: two at most of each. */
  readonly calling: readonly string[]
  readonly failing: readonly string[]
}

const slices = 10
/** Numbers that are kept of a slice. */
const fields = 3

/** What a window tells in which nothing failed. */
export const noFailures: FailureReport = { calls: 0, failures: 0, calling: [], failing: [] }

/** Counts calls and failures over a sliding window of ten slices. O(1) a call, constant in memory whoever calls. */
export class FailureWindow {
  #sliceMs: number
  /** Of each slice its calls, its failures, and by a bit each whether several called and whether several saw failures. */
  readonly #counts = new Uint32Array(slices * fields)
  /** Of each slice who called first, and who saw the first failure. Together in one place, and few: most calls of a provider find it out of the caches. */
  readonly #first: (string | undefined)[] = new Array(slices * 2).fill(undefined)
  /** Who called, and who saw a failure, in a slice in which another had come first: the last of them. */
  readonly #second: [calling: string | undefined, failing: string | undefined] = [undefined, undefined]
  #slice = 0

  /** The window's length in ms. */
  constructor(windowMs: number) {
    this.#sliceMs = windowMs / slices
  }

  /** Its length is another, in ms: it counts anew. */
  follow(windowMs: number): void {
    if (windowMs / slices === this.#sliceMs) return
    this.#sliceMs = windowMs / slices
    this.#slice = 0
    this.clear()
  }

  /** A call of this consumer ended, well or not. */
  record(consumer: string, failed: boolean, now: number): void {
    const at = this.#advance(now)
    const calls = at * fields
    this.#counts[calls] = (this.#counts[calls] ?? 0) + 1
    this.#note(at, 0, consumer)
    if (!failed) return
    this.#counts[calls + 1] = (this.#counts[calls + 1] ?? 0) + 1
    this.#note(at, 1, consumer)
  }

  /** What the window that ends now holds, with what is known of others. */
  tally(now: number, others: FailureReport = noFailures): FailureTally {
    const { calls, failures } = this.#counted(now)
    const distinct = (which: 0 | 1, named: readonly string[]): number =>
      Math.min(2, Math.max(this.#distinct(which), new Set([...this.#names(which), ...named]).size))
    return {
      ...{ calls: calls + others.calls, failures: failures + others.failures },
      ...{ callers: distinct(0, others.calling), failingCallers: distinct(1, others.failing) },
    }
  }

  /** What the window that ends now holds, as other windows are told of it. */
  report(now: number): FailureReport {
    return { ...this.#counted(now), calling: this.#names(0), failing: this.#names(1) }
  }

  /** Forgets everything. */
  clear(): void {
    for (let at = 0; at < slices; at++) this.#empty(at)
  }

  #counted(now: number): Pick<FailureReport, 'calls' | 'failures'> {
    this.#advance(now)
    let calls = 0
    let failures = 0
    for (let at = 0; at < slices * fields; at += fields) {
      calls += this.#counts[at] ?? 0
      failures += this.#counts[at + 1] ?? 0
    }
    return { calls, failures }
  }

  #names(which: 0 | 1): readonly string[] {
    const seen = new Set<string>()
    for (let at = which; at < slices * 2; at += 2) {
      const first = this.#first[at]
      if (first !== undefined) seen.add(first)
    }
    // Where the first of each slice is the same, another is known only if it is the last of those that came second.
    const second = this.#second[which]
    if (seen.size === 1 && second !== undefined && this.#distinct(which) === 2) seen.add(second)
    return [...seen].slice(0, 2)
  }

  #advance(now: number): number {
    const slice = Math.floor(now / this.#sliceMs)
    const steps = Math.min(slices, slice - this.#slice)
    for (let step = 0; step < steps; step++) this.#empty((slice - step) % slices)
    if (steps > 0) this.#slice = slice
    return this.#slice % slices
  }

  #empty(at: number): void {
    // Stored one by one: to have three numbers filled takes longer, and of a provider that is called now and then each call empties all slices.
    this.#counts[at * fields] = 0
    this.#counts[at * fields + 1] = 0
    this.#counts[at * fields + 2] = 0
    this.#first[at * 2] = undefined
    this.#first[at * 2 + 1] = undefined
  }

  #note(at: number, which: 0 | 1, consumer: string): void {
    const first = this.#first[at * 2 + which]
    if (first === undefined) this.#first[at * 2 + which] = consumer
    else if (first !== consumer) {
      this.#second[which] = consumer
      this.#counts[at * fields + 2] = (this.#counts[at * fields + 2] ?? 0) | (1 << which)
    }
  }

  /** 0, 1, or 2 for two and more. */
  #distinct(which: 0 | 1): number {
    let seen: string | undefined
    for (let at = 0; at < slices; at++) {
      const first = this.#first[at * 2 + which]
      if (first === undefined) continue
      if (((this.#counts[at * fields + 2] ?? 0) & (1 << which)) !== 0) return 2
      if (seen !== undefined && seen !== first) return 2
      seen = first
    }
    return seen === undefined ? 0 : 1
  }
}
