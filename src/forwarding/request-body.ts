import { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import { BodyDigest } from './body-digest.ts'

/**
 * A consumer's body on its way to the provider: what the client library reads in place of the request itself, so that ending the provider's leg
 * never destroys the consumer's connection, on which a refusal may still be sent. Counts and hashes what passes; backpressure goes through.
 */
export class RequestBody extends EventEmitter {
  readonly digest = new BodyDigest()
  /** Whether the whole body has been handed on. */
  complete = false
  /** Whether the client library is done with it. */
  destroyed = false
  readonly #source: Readable

  constructor(source: Readable) {
    super()
    this.#source = source
    source.pause()
    source.on('data', this.#data).on('end', this.#end).on('error', this.#error).on('close', this.#close)
  }

  readonly #data = (chunk: Buffer): void => {
    this.digest.update(chunk)
    this.emit('data', chunk)
  }
  readonly #end = (): void => {
    this.complete = true
    this.emit('end')
  }
  readonly #error = (error: Error): void => {
    if (this.listenerCount('error') > 0) this.emit('error', error)
  }
  readonly #close = (): void => {
    this.emit('close')
  }

  pause(): this {
    this.#source.pause()
    return this
  }

  resume(): this {
    if (!this.destroyed) this.#source.resume()
    return this
  }

  /** Streams are told by having one; the library never calls it. */
  pipe(): never {
    throw new Error('a request body is not piped')
  }

  /** The provider's leg is over: what is left of the body is the consumer leg's to drain or cut. */
  destroy(): this {
    if (this.destroyed) return this
    this.destroyed = true
    this.#source.pause()
    this.#source.off('data', this.#data).off('end', this.#end).off('error', this.#error).off('close', this.#close)
    return this
  }
}
