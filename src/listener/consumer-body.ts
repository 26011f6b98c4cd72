import type { BodySource, BodyTaker } from '../forwarding/body-source.ts'
import { type BodyFault, type BodyReader, LengthReader } from '../http/body-reader.ts'
import { ChunkedReader } from '../http/chunked-reader.ts'
import type { BodyFraming } from '../spine/arrival.ts'

/** The connection that a body comes on. */
type Flow = { pause(): unknown; resume(): unknown }

/** Bytes of a body that are kept for whoever may take it; then no more are read. */
const mostKept = 65_536

/** The body of a request, as it comes on the consumer's connection. What has come before somebody takes it is kept, and no more is read then. */
export class ConsumerBody implements BodySource {
  readonly #reader: BodyReader | undefined
  readonly #connection: Flow
  #kept: Buffer[] = []
  #keptBytes = 0
  #taker: BodyTaker | undefined
  #paused = true
  #left = false
  #ended = false

  /** `framing` is undefined where nobody can know where the body ends: it is never complete. */
  constructor(framing: BodyFraming | undefined, connection: Flow) {
    this.#connection = connection
    if (framing?.kind === 'chunked') this.#reader = new ChunkedReader()
    else if (framing?.kind === 'length') this.#reader = new LengthReader(framing.bytes)
    this.complete = framing?.kind === 'none'
  }

  /** The whole body has been read from the connection. */
  complete: boolean

  /** Whether somebody wants more of it now. */
  get flows(): boolean {
    return !this.#paused
  }

  /** Takes bytes of the connection; returns how many are the body's, or what is wrong with it. */
  read(bytes: Buffer): number | BodyFault {
    const reader = this.#reader
    if (reader === undefined) return 0
    const taken = reader.read(bytes, (piece) => this.#take(piece))
    if (reader.fault !== undefined) return reader.fault
    if (reader.complete) {
      this.complete = true
      this.#endWhereDone()
    }
    return taken
  }

  flow(taker: BodyTaker): void {
    this.#taker = taker
    this.resume()
  }

  pause(): void {
    if (this.#left || this.#paused) return
    this.#paused = true
    if (!this.complete) this.#connection.pause()
  }

  resume(): void {
    if (this.#left || this.#taker === undefined || !this.#paused) return
    this.#paused = false
    const kept = this.#kept
    this.#kept = []
    for (const [at, piece] of kept.entries()) {
      if (this.#paused) {
        this.#kept.push(...kept.slice(at))
        return
      }
      this.#taker.data(piece)
    }
    this.#endWhereDone()
    if (!this.complete && !this.#paused) this.#connection.resume()
  }

  leave(): void {
    this.#left = true
    this.#kept = []
  }

  #take(piece: Buffer): void {
    if (this.#left) return
    if (this.#taker !== undefined && !this.#paused) {
      this.#taker.data(piece)
      return
    }
    this.#kept.push(piece)
    this.#keptBytes += piece.length
    if (this.#keptBytes >= mostKept) this.#connection.pause()
  }

  #endWhereDone(): void {
    if (!this.complete || this.#ended || this.#left || this.#paused || this.#kept.length > 0) return
    this.#ended = true
    this.#taker?.end()
  }
}
