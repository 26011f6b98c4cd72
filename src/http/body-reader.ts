/** Why a body cannot be read on: `too-large` where its trailers are. */
export type BodyFault = 'malformed' | 'too-large'

/** Takes one body out of the bytes of a connection. */
export interface BodyReader {
  /** Hands the body's own bytes to `data`, and returns how many it has taken: fewer than there are only at the end of the body, or at a fault. */
  read(bytes: Buffer, data: (piece: Buffer) => void): number
  /** The whole body has been read. */
  readonly complete: boolean
  readonly fault: BodyFault | undefined
}

/** A body of a known length in bytes. */
export class LengthReader implements BodyReader {
  #left: number
  readonly fault = undefined

  constructor(bytes: number) {
    this.#left = bytes
  }

  get complete(): boolean {
    return this.#left === 0
  }

  read(bytes: Buffer, data: (piece: Buffer) => void): number {
    const taken = Math.min(this.#left, bytes.length)
    this.#left -= taken
    if (taken > 0) data(taken === bytes.length ? bytes : bytes.subarray(0, taken))
    return taken
  }
}

/** A body that ends with its connection (RFC 9112, 6.3, rule 8): an answer's alone. */
export class UntilCloseReader implements BodyReader {
  readonly complete = false
  readonly fault = undefined

  read(bytes: Buffer, data: (piece: Buffer) => void): number {
    data(bytes)
    return bytes.length
  }
}
