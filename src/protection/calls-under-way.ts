/** Calls under way at one provider, and those of them that no longer count: begun before it was found well again. */
export class CallsUnderWay {
  #all = 0
  #forgotten = 0
  #era = 0

  /** All that have begun and not ended. */
  get all(): number {
    return this.#all
  }

  /** Those that count. */
  get counted(): number {
    return this.#all - this.#forgotten
  }

  /** A call begins; what is to be said at its end. */
  began(): number {
    this.#all++
    return this.#era
  }

  /** A call ends; false where it did not count any more. */
  ended(era: number): boolean {
    this.#all--
    if (era === this.#era) return true
    this.#forgotten--
    return false
  }

  /** None that has begun counts any more. */
  forget(): void {
    this.#forgotten = this.#all
    this.#era++
  }
}
