/** A limit, asked for anew each time, on how many of something each key may hold at a time. Keys that hold nothing are forgotten. */
export class KeyedCap {
  readonly #limit: () => number
  readonly #held = new Map<string, number>()

  constructor(limit: () => number) {
    this.#limit = limit
  }

  /** Takes one for the key and returns true, or returns false where the key holds as many as it may. */
  take(key: string): boolean {
    const held = this.#held.get(key) ?? 0
    if (held >= this.#limit()) return false
    this.#held.set(key, held + 1)
    return true
  }

  /** Gives one back that was taken. */
  release(key: string): void {
    const held = this.#held.get(key) ?? 0
    if (held > 1) this.#held.set(key, held - 1)
    else this.#held.delete(key)
  }
}
