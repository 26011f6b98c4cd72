import { BodyDigest } from './body-digest.ts'
import type { BodySource, BodyTaker } from './body-source.ts'

/** A consumer's body on its way to the provider: counts and hashes what passes, and knows when all of it had been handed on. */
export class RequestBody implements BodySource {
  readonly digest = new BodyDigest()
  /** Monotonic ms at which the whole body had been handed on. */
  endedAt: number | undefined
  readonly #source: BodySource
  readonly #now: () => number

  constructor(source: BodySource, now: () => number) {
    this.#source = source
    this.#now = now
  }

  flow(taker: BodyTaker): void {
    this.#source.flow({
      data: (chunk) => {
        this.digest.update(chunk)
        taker.data(chunk)
      },
      end: () => {
        this.endedAt = this.#now()
        taker.end()
      },
    })
  }

  pause(): void {
    this.#source.pause()
  }

  resume(): void {
    this.#source.resume()
  }

  leave(): void {
    this.#source.leave()
  }
}
