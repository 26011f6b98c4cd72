import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { ConsumerConnection } from '../spine/arrival.ts'
import { type Refusal, refuse } from '../spine/refusal.ts'
import type { ConsumerExchange } from './consumer-exchange.ts'
import { closeLingering, deafen } from './lingering-close.ts'
import { TransferPace } from './transfer-pace.ts'

/** A request whose head the parser has read; `fault` where its body turned out to be malformed before its turn came. */
export interface RequestTurn {
  readonly kind: 'request'
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly awaitsContinue: boolean
  readonly fault?: Refusal
}

/** Bytes that are no request, or (with `request`) one that cannot be answered by Node; the last turn of a connection. */
export interface FaultTurn {
  readonly kind: 'fault'
  readonly fault: Refusal
  readonly request?: IncomingMessage
  /** The bytes at which the parser stopped. */
  readonly packet?: Buffer
}

/** What the bytes on a connection came to; each is answered in its turn. */
export type Turn = RequestTurn | FaultTurn

/** Decides and answers one turn. `leg` is there for requests. */
export type Serve = (state: ConsumerSocket, turn: Turn) => { readonly leg?: ConsumerExchange; readonly done: Promise<void> }

/** How long a consumer may take over a body it sends, and over an answer that waits to be read. Milliseconds. */
export interface SocketLimits {
  readonly bodySilenceMs: number
  readonly minimumBytesPerSecond: number
  readonly minimumRateAfterMs: number
  readonly unreadAnswerMs: number
}

/** Requests sent ahead of their answers; more is no client of FHIR. */
const mostWaiting = 32

/**
 * One consumer's connection: its requests are taken one at a time, each decided for itself, and once one has closed the connection nothing
 * behind it is looked at, though the parser may have read it already (pipelining; CVE-2025-4366).
 */
export class ConsumerSocket {
  readonly socket: TLSSocket
  readonly connection: ConsumerConnection
  readonly #serve: Serve
  readonly #limits: SocketLimits
  readonly #waiting: Turn[] = []
  readonly #bodyPace: TransferPace
  #current: { readonly turn: RequestTurn; readonly leg: ConsumerExchange | undefined } | undefined
  #unread = { bytes: 0, since: 0 }
  #busy = false
  #draining = false
  #last = false
  #deaf = false
  #closed = false

  constructor(socket: TLSSocket, connection: ConsumerConnection, serve: Serve, limits: SocketLimits) {
    this.socket = socket
    this.connection = connection
    this.#serve = serve
    this.#limits = limits
    this.#bodyPace = new TransferPace({ ...limits, silenceMs: limits.bodySilenceMs })
    // Behind a last answer Node would cut the connection at once, and with it the answer where the consumer is still sending.
    socket.destroySoon = () => this.close()
    socket.once('close', () => {
      this.#deaf = true
      this.#closed = true
      this.#waiting.length = 0
    })
  }

  /** Takes a request that the parser has read. */
  take(turn: RequestTurn): void {
    if (this.#deaf || this.#last) return
    this.#waiting.push(turn)
    // Node forgets what stands behind such a request in the same packet, so nothing there can be trusted to begin where it seems to.
    if (turn.request.headers.upgrade !== undefined) this.#last = true
    if (this.#waiting.length > mostWaiting) this.#listenNoMore()
    if (!this.#busy) void this.#serveAll()
  }

  /** What came next is malformed: it ends the request whose body it is, or is answered behind those before it. Nothing after it is read. */
  malformed(turn: FaultTurn): void {
    if (this.#deaf) return
    this.#listenNoMore()
    const last = this.#waiting.at(-1)
    if (last !== undefined && last.kind === 'request' && !last.request.complete) {
      this.#waiting.pop()
      this.#waiting.push({ ...last, fault: turn.fault })
    } else if (last === undefined && this.#current !== undefined && !this.#current.turn.request.complete) {
      this.#current.leg?.end(turn.fault)
    } else if (!this.#last) {
      this.#waiting.push(turn)
    }
    if (!this.#busy) void this.#serveAll()
  }

  /** Ends the connection now; of the request under way `why` is recorded. */
  cut(why: Refusal): void {
    this.#current?.leg?.end(why)
    this.socket.destroy()
  }

  /** The time is up: the call under way gets this refusal where no answer has begun, and is cut where one has; the connection ends. */
  giveUp(why: Refusal): void {
    this.#draining = true
    this.#waiting.length = 0
    if (this.#current?.leg === undefined) this.socket.destroy()
    else this.#current.leg.end(why)
  }

  /** No more requests but those that have come; an idle connection ends now. */
  drain(): void {
    this.#draining = true
    const response = this.#current?.turn.response
    if (response !== undefined && !response.headersSent) response.shouldKeepAlive = false
    if (!this.#busy) this.close()
  }

  /** Nothing that comes on this connection from now on is looked at; it ends once what has been written is sent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#waiting.length = 0
    this.#deaf = true
    deafen(this.socket)
    closeLingering(this.socket)
  }

  /** To be called now and then: refuses a body that has stopped or drips, and cuts a connection whose last answer nobody reads. */
  attend(now: number): void {
    if (this.#current === undefined) return
    const { request, response } = this.#current.turn
    if (response.writableEnded) this.#attendUnread(now)
    else if (!request.complete && !this.#deaf) this.#attendBody(now, request)
  }

  #attendBody(now: number, request: IncomingMessage): void {
    const found = this.#bodyPace.judge(now, this.socket.bytesRead, request.readableFlowing === true)
    if (found === undefined) return
    const reason = found === 'silent' ? 'the request body stopped midway' : 'the request body came more slowly than the minimum rate'
    this.malformed({ kind: 'fault', fault: refuse('wire-form', 'REQUEST_TIMEOUT', { reason, faults: [{ detail: reason }] }) })
  }

  #attendUnread(now: number): void {
    const bytes = this.socket.writableLength
    if (this.#unread.since === 0 || bytes !== this.#unread.bytes) this.#unread = { bytes, since: now }
    else if (now - this.#unread.since >= this.#limits.unreadAnswerMs) this.socket.destroy()
  }

  /** Not within the parser's own call: it may not be taken its connection there. */
  #listenNoMore(): void {
    this.#deaf = true
    queueMicrotask(() => {
      if (!this.#closed) deafen(this.socket)
    })
  }

  async #serveAll(): Promise<void> {
    this.#busy = true
    // Once the parser has gone through the bytes at hand, a short body is known to be complete, or to be malformed.
    await (hasBody(this.#waiting[0]) ? new Promise(setImmediate) : undefined)
    for (let turn = this.#waiting.shift(); turn !== undefined && !this.#closed; turn = this.#waiting.shift()) {
      if (turn.kind === 'request') await this.#serveRequest(turn)
      else {
        await this.#serve(this, turn).done
        this.close()
      }
    }
    this.#busy = false
    if (this.#deaf || this.#draining) this.close()
  }

  async #serveRequest(turn: RequestTurn): Promise<void> {
    const { request, response } = turn
    const ended = new Promise<void>((resolve) => response.once('close', resolve))
    if (this.#draining || ((this.#deaf || this.#last) && this.#waiting.length === 0)) response.shouldKeepAlive = false
    this.#bodyPace.reset()
    this.#unread = { bytes: 0, since: 0 }
    const { leg, done } = this.#serve(this, turn)
    this.#current = { turn, leg }
    await done
    // Whoever has not been answered by now never will be: its consumer has gone, or was cut off.
    if (!response.writableEnded) this.socket.destroy()
    await ended
    this.#current = undefined
    // Either the answer said so, or a body lies unread before whatever comes next, or Node ends the connection for a reason of its own.
    if (!response.shouldKeepAlive || !request.complete || this.socket.writableEnded) this.close()
  }
}

function hasBody(turn: Turn | undefined): boolean {
  const headers = turn?.request?.headers
  return headers !== undefined && ('content-length' in headers || 'transfer-encoding' in headers)
}
