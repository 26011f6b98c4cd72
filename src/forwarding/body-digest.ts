import { createHash, type Hash, hash } from 'node:crypto'

/** Length and SHA-256 of a body, taken as it passes. A body of one chunk, the usual case, is hashed in one call. */
export class BodyDigest {
  bytes = 0
  #first: Buffer | undefined
  #running: Hash | undefined

  /** Takes the next chunk. It must not be changed afterwards. */
  update(chunk: Buffer): void {
    this.bytes += chunk.length
    if (this.#running !== undefined) this.#running.update(chunk)
    else if (this.#first === undefined) this.#first = chunk
    else {
      this.#running = createHash('sha256').update(this.#first).update(chunk)
      this.#first = undefined
    }
  }

  /** The SHA-256 of what has passed, in lower-case hex; undefined where nothing has. To be asked once. */
  sha256(): string | undefined {
    if (this.#running !== undefined) return this.#running.digest('hex')
    return this.#first === undefined ? undefined : hash('sha256', this.#first, 'hex')
  }
}
