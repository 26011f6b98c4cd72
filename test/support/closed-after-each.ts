/** What a test has opened, closed behind it: the last first. */
export interface Closing {
  push(close: () => Promise<unknown>): void
  /** A part that is being made; it is closed too. */
  kept<T extends { close(): Promise<unknown> }>(part: Promise<T>): Promise<T>
}

/** To be called where tests are registered. What cannot be closed keeps nothing else open, and fails the test. */
export function closedAfterEach(): Closing {
  const closing: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    const errors: unknown[] = []
    for (const close of closing.splice(0).reverse()) await close().catch((error: unknown) => errors.push(error))
    if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors, errors.join('; '))
  })
  return {
    push: (close) => closing.push(close),
    async kept(part) {
      const made = await part
      closing.push(() => made.close())
      return made
    },
  }
}
