/** What has been started, so that it is stopped in reverse order, whatever fails on the way. */
export interface StartedParts {
  /** Takes note of a part and how it is stopped; gives the part back. */
  add<Part>(part: Part, stop: (part: Part) => Promise<unknown>): Part
  /** Stops everything, the latest first. */
  stopAll(): Promise<void>
}

/** Makes an empty list. */
export function createStartedParts(): StartedParts {
  const stops: (() => Promise<unknown>)[] = []
  return {
    add(part, stop) {
      stops.push(() => stop(part))
      return part
    },
    async stopAll() {
      for (const stop of stops.splice(0).reverse()) await stop()
    },
  }
}
