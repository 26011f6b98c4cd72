import type { TLSSocket } from 'node:tls'
import { lastChunk, writeChunk } from '../http/write-chunk.ts'
import { Deadline } from '../lib/deadline.ts'
import type { AnswerFraming } from './answer-framing.ts'
import type { AnswerHead } from './answer-head.ts'
import { endsItsConnection, keptAfter } from './answer-persistence.ts'
import { type AnswerEvents, AnswerReader } from './answer-reader.ts'
import type { BodySource } from './body-source.ts'
import { headText, type OutboundRequest } from './outbound-request.ts'
import { brokenConnection, failureOf, invalidAnswer, type ProviderFailure } from './provider-failure.ts'

/** Whoever has a call: the pool where it waits, or the connection that carries it. */
export interface CallCarrier {
  /** Ends the call at once, for this reason. */
  abort(failure: ProviderFailure): void
}

/** Somebody who takes one answer. */
export interface AnswerTaker {
  /** Who has the call now; written by that one alone. */
  carrier: CallCarrier | undefined
  /** The request is about to be written on this connection. */
  sent(connection: ProviderConnection): void
  head(head: AnswerHead): void
  /** Nothing of the body has come with the head: it may be long until it does. */
  bodyAwaited(): void
  /** False when the taker does not keep up: the connection is not read until `resume`. */
  data(piece: Buffer): boolean
  end(): void
  /** The answer will never be whole. */
  failed(failure: ProviderFailure): void
}

/** What the pool is asked and told. */
export interface ConnectionOwner {
  /** How long a connection may be idle, in ms. */
  readonly idleMs: number
  /** The connection may carry another call. */
  idle(connection: ProviderConnection): void
  closed(connection: ProviderConnection): void
}

/**
 * One connection to a provider, one call at a time. What comes before a request was sent, stands behind an answer, or can be read in two ways ends it:
 * an answer never reaches another call.
 */
export class ProviderConnection implements AnswerEvents, CallCarrier {
  readonly #socket: TLSSocket
  readonly #owner: ConnectionOwner
  readonly #reader = new AnswerReader(this)
  readonly #deadline: Deadline
  #answers = 0
  #taker: AnswerTaker | undefined
  #request: OutboundRequest | undefined
  #touched = false
  #bodySent = true
  /** Milliseconds that it may be kept behind the answer that is being read. */
  #keptMs = 0
  #paused = false
  #broken: Error | undefined
  #gone = false

  constructor(socket: TLSSocket, owner: ConnectionOwner, now: () => number) {
    this.#socket = socket
    this.#owner = owner
    this.#deadline = new Deadline(now, () => this.#overdue())
    this.#deadline.within(owner.idleMs)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('drain', () => this.#request?.body?.resume())
    socket.on('error', (error) => {
      this.#broken ??= error
      socket.destroy() // Node does not, where it is a fault of TLS, and keeps all that comes
    })
    socket.on('end', () => this.#ended())
    socket.on('close', () => this.#closed())
  }

  /** Whether it is the taker who does not keep up. */
  get paused(): boolean {
    return this.#paused
  }

  /** Whether the call that it carries has had nothing of an answer, on a connection that had carried one before. */
  get isStale(): boolean {
    return !this.#touched && this.#answers > 0
  }

  /** Sends a request; the connection must be idle. */
  send(request: OutboundRequest, taker: AnswerTaker): void {
    const { method, body, framing, firstByteTimeoutMs } = request
    this.#request = request
    this.#taker = taker
    this.#touched = false
    this.#bodySent = body === undefined
    this.#reader.expect(method)
    taker.carrier = this
    taker.sent(this)
    if (this.#taker !== taker) return
    this.#deadline.within(firstByteTimeoutMs)
    if (body === undefined) {
      this.#socket.write(headText(request), 'latin1')
      return
    }
    // What of the body is here already goes with the head.
    this.#socket.cork()
    this.#socket.write(headText(request), 'latin1')
    this.#sendBody(request, body, framing.kind === 'chunked')
    this.#socket.uncork()
  }

  /** Reads on. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#taker !== undefined) this.#deadline.within(this.#request?.silenceMs ?? 0)
    this.#socket.resume()
  }

  /** Closes it; of a call on it that is a broken connection. */
  destroy(): void {
    this.#socket.destroy()
  }

  #sendBody(request: OutboundRequest, body: BodySource, chunked: boolean): void {
    const socket = this.#socket
    body.flow({
      data: (chunk) => {
        if (this.#request !== request) return
        this.#deadline.within(request.firstByteTimeoutMs)
        if (!(chunked ? writeChunk(socket, chunk) : socket.write(chunk))) body.pause()
      },
      end: () => {
        if (this.#request !== request) return
        this.#bodySent = true
        if (chunked) socket.write(lastChunk, 'latin1')
      },
    })
  }

  #read(bytes: Buffer): void {
    this.#touched = true
    if (this.#taker === undefined) this.#socket.destroy()
    else this.#reader.read(bytes)
  }

  /** The head of the answer has come. */
  head(head: AnswerHead, framing: AnswerFraming): void {
    const { method, framing: sent, silenceMs } = this.#request!
    this.#keptMs = endsItsConnection(method, sent) ? 0 : keptAfter(method, head, framing, this.#owner.idleMs)
    this.#deadline.within(silenceMs)
    this.#taker?.head(head)
  }

  /** The head came alone. */
  bodyAwaited(): void {
    this.#taker?.bodyAwaited()
  }

  /** A piece of the answer's body has come. */
  data(piece: Buffer): void {
    this.#deadline.within(this.#request?.silenceMs ?? 0)
    if (this.#taker?.data(piece) !== false || this.#taker === undefined) return
    this.#paused = true
    this.#socket.pause()
  }

  /** The answer is whole. */
  end(surplus: boolean): void {
    const taker = this.#taker
    const kept = this.#bodySent && !surplus && !this.#gone ? this.#keptMs : 0
    this.#answers++
    this.#forget()
    if (kept === 0) this.#socket.destroy()
    taker?.end()
    if (kept === 0) return
    this.resume()
    this.#deadline.within(kept)
    // Only when all that was read along with it has been looked at: it came before the next call's request, and is no answer to that.
    setImmediate(() => this.#socket.destroyed || this.#owner.idle(this))
  }

  /** What has come is no answer. */
  fault(why: string): void {
    this.abort(invalidAnswer(why))
  }

  /** The call ends without a whole answer, and the connection with it. */
  abort(failure: ProviderFailure): void {
    const taker = this.#taker
    this.#socket.destroy()
    this.#forget()
    taker?.failed(failure)
  }

  #forget(): void {
    if (this.#taker !== undefined) this.#taker.carrier = undefined
    this.#taker = undefined
    this.#request = undefined
    this.#reader.leave()
  }

  #ended(): void {
    this.#gone = true
    if (this.#reader.ended()) this.end(false)
    else this.abort(this.#breakdown('the other side closed it'))
  }

  #closed(): void {
    this.#gone = true
    this.#deadline.clear()
    this.#owner.closed(this)
    this.abort(this.#breakdown('it was closed'))
  }

  #breakdown(otherwise: string): ProviderFailure {
    return this.#broken === undefined ? brokenConnection(otherwise) : failureOf(this.#broken)
  }

  /** While we do not read it is not the provider who is silent; nor while it waits for a body that the consumer has not sent. */
  #overdue(): void {
    if (this.#taker === undefined) this.#socket.destroy()
    else if (this.#paused) this.#deadline.within(this.#request?.silenceMs ?? 0)
    else if (this.#reader.begun) this.abort(silent)
    else if (this.#bodySent || this.#socket.writableNeedDrain) this.abort(late)
    else this.#deadline.within(this.#request?.firstByteTimeoutMs ?? 0)
  }
}

const late: ProviderFailure = { kind: 'timeout', origin: 'provider', reason: 'the provider did not begin its answer in time' }
const silent: ProviderFailure = { kind: 'timeout', origin: 'provider', reason: 'the provider fell silent within its answer' }
