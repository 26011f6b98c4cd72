/** What a test has opened, closed behind it: the last first. */
export interface Closing {
  push(close: () => Promise<unknown>): void
  /** A part that is being made; it is closed too. */
  kept<T extends { close(): Promise<unknown> }>(part: Promise<T>): Promise<T>
}

/** To be called where tests are registered. */
export function closedAfterEach(): Closing {
  const closing: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
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
