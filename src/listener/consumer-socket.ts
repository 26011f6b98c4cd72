import type { TLSSocket } from 'node:tls'
import { HeadBuffer } from '../http/head-buffer.ts'
import type { Arrival, ConsumerConnection } from '../spine/arrival.ts'
import { isRefusal, type Refusal } from '../spine/refusal.ts'
import { ConsumerBody } from './consumer-body.ts'
import { ConsumerExchange } from './consumer-exchange.ts'
import { closeLingering } from './lingering-close.ts'
import { bodyFault, canBeginRequest, type RequestHead, readRequestHead, requestLineFault, wireFault } from './request-head.ts'
import type { SocketLimits } from './socket-limits.ts'
import { TransferPace } from './transfer-pace.ts'

/** What a connection's requests are given to. */
export interface ConsumerSocketParts {
  /** Makes an arrival of what was read, or of the reason why it could not be. */
  readonly receive: (connection: ConsumerConnection, head: RequestHead | Refusal, limits: SocketLimits) => Arrival
  /** Those in force now. */
  readonly limits: () => SocketLimits
  /** Decides and answers; resolves when both is done. Never rejects. */
  readonly exchange: (arrival: Arrival, leg: ConsumerExchange) => Promise<void>
  readonly now: () => number
}

/** Bytes sent ahead of an answer; more is not read before its turn. */
const mostAhead = 65_536
/** Ms for which a connection that was answered keeps waiting while the proxy drains: the next call of a busy consumer may be on its way, and would be lost. */
const calmMs = 1_000

/**
 * One consumer's connection: its requests are read one at a time, each decided for itself, and once one has closed the connection nothing
 * behind it is looked at (pipelining; CVE-2025-4366).
 */
export class ConsumerSocket {
  readonly socket: TLSSocket
  readonly connection: ConsumerConnection
  readonly #parts: ConsumerSocketParts
  /** Of the request under way, and before it of the next one. */
  #limits: SocketLimits
  readonly #heads: HeadBuffer
  readonly #pace: TransferPace
  #current: ConsumerExchange | undefined
  /** What has come behind the request under way. */
  #ahead: Buffer | undefined
  #served = false
  /** Monotonic ms since which a request, or the rest of its head, is awaited. */
  #awaitedSince: number
  #unread = { bytes: 0, since: 0 }
  #draining = false
  /** Nothing that comes is looked at any more. */
  #deaf = false
  #closed = false

  constructor(socket: TLSSocket, connection: ConsumerConnection, parts: ConsumerSocketParts) {
    const limits = parts.limits()
    this.socket = socket
    this.connection = connection
    this.#parts = parts
    this.#limits = limits
    this.#heads = new HeadBuffer(limits.maxHeaderBytes, canBeginRequest)
    this.#pace = new TransferPace(limits.body)
    this.#awaitedSince = parts.now()
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('drain', () => this.#drained())
    socket.on('error', () => socket.destroy()) // behind a fault of TLS Node reads on, and keeps all that comes
    socket.on('end', () => this.#lost())
    socket.on('close', () => {
      this.#closed = true
      this.#lost()
    })
  }

  /** Ends the connection now; of the request under way `why` is recorded. */
  cut(why: Refusal): void {
    this.#current?.end(why)
    this.socket.destroy()
  }

  /** The time is up: the call under way gets this refusal where no answer has begun, and is cut where one has; the connection ends. */
  giveUp(why: Refusal): void {
    this.#draining = true
    this.#ahead = undefined
    if (this.#current === undefined) this.socket.destroy()
    else this.#current.end(why)
  }

  /** The request under way is the last, or where there is none the next, if it comes within a second of the last answer; an idle connection ends behind that. */
  drain(): void {
    this.#draining = true
    if (this.#current !== undefined) this.#current.endConnection()
    else this.#attendAwaited(this.#parts.now())
  }

  /** Nothing that comes on this connection from now on is looked at; it ends once what has been written is sent. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#deaf = true
    this.#ahead = undefined
    closeLingering(this.socket)
  }

  /** To be called now and then: ends what takes too long, a head, a body, an answer that nobody reads, or the wait for a request. */
  attend(now: number): void {
    const current = this.#current
    if (current === undefined ? this.socket.writableLength > 0 : current.sink.ended) this.#attendUnread(now)
    else if (this.#deaf) return
    else if (current === undefined) this.#attendAwaited(now)
    else if (!current.body.complete) this.#attendBody(now, current)
  }

  #attendAwaited(now: number): void {
    if (!this.#heads.begun) this.#limits = this.#parts.limits()
    const idle = this.#served && !this.#heads.begun
    const waited = now - this.#awaitedSince
    if (this.#draining && !this.#heads.begun && (!idle || waited >= calmMs)) this.close()
    if (this.#deaf || waited < (idle ? this.#limits.idleMs : this.#limits.headersMs)) return
    if (this.#heads.begun) this.#unreadable(wireFault('REQUEST_TIMEOUT', 'the request did not arrive in time'), '')
    else this.socket.destroy()
  }

  #attendBody(now: number, { body }: ConsumerExchange): void {
    const found = this.#pace.judge(now, this.socket.bytesRead, body.flows)
    if (found === undefined) return
    const reason = found === 'silent' ? 'the request body stopped midway' : 'the request body came more slowly than the minimum rate'
    this.#malformed(wireFault('REQUEST_TIMEOUT', reason))
  }

  #attendUnread(now: number): void {
    const bytes = this.socket.writableLength
    if (this.#unread.since === 0 || bytes !== this.#unread.bytes) this.#unread = { bytes, since: now }
    else if (now - this.#unread.since >= this.#limits.unreadAnswerMs) this.socket.destroy()
  }

  #read(bytes: Buffer): void {
    if (this.#deaf) return
    const current = this.#current
    if (current === undefined) {
      this.#next(bytes)
      return
    }
    const taken = current.body.complete ? 0 : this.#readBody(current.body, bytes)
    if (taken === undefined || taken === bytes.length) return
    const rest = taken === 0 ? bytes : bytes.subarray(taken)
    this.#ahead = this.#ahead === undefined ? rest : Buffer.concat([this.#ahead, rest])
    if (this.#ahead.length > mostAhead) this.socket.pause()
  }

  /** How many of the bytes are the body's; undefined where it is malformed, and the exchange at its end. */
  #readBody(body: ConsumerBody, bytes: Buffer): number | undefined {
    const taken = body.read(bytes)
    if (typeof taken === 'number') return taken
    this.#malformed(bodyFault(taken))
    return undefined
  }

  /** Bytes that begin a request, or go on with its head. */
  #next(bytes: Buffer): void {
    if (!this.#heads.begun) this.#expect()
    const found = this.#heads.read(bytes)
    switch (found.kind) {
      case 'more':
        return
      case 'too-large':
        this.#unreadable(wireFault('HEADERS_TOO_LARGE', 'the request line and headers are larger than is accepted'), found.text)
        return
      case 'malformed':
        this.#unreadable(requestLineFault(found.text), found.text)
        return
    }
    const head = readRequestHead(found.text)
    if (isRefusal(head)) this.#unreadable(head, found.text)
    else this.#begin(this.#parts.receive(this.connection, head, this.#limits), found.rest)
  }

  /** A request begins: under what is in force now. */
  #expect(): void {
    this.#awaitedSince = this.#parts.now()
    this.#limits = this.#parts.limits()
    this.#heads.limit = this.#limits.maxHeaderBytes
  }

  #begin(arrival: Arrival, rest: Buffer | undefined): void {
    const { form } = arrival
    const body = new ConsumerBody(isRefusal(form) ? undefined : form.body, this.socket)
    const leg = new ConsumerExchange(this.socket, arrival, body, this.#limits.keepAliveLines)
    if (isRefusal(form)) this.#deaf = true
    if (this.#draining) leg.endConnection()
    this.#current = leg
    this.#pace.reset(this.#limits.body)
    this.#unread = { bytes: 0, since: 0 }
    if (rest !== undefined && !this.#deaf) {
      const taken = body.complete ? 0 : this.#readBody(body, rest)
      if (taken !== undefined && taken < rest.length) this.#ahead = rest.subarray(taken)
    }
    const serve = (): void => this.#serve(leg.fault === undefined ? arrival : { ...arrival, form: leg.fault }, leg)
    if (body.complete || this.#deaf) serve()
    // Once what has come with the head is read, a short body is known to be whole, or to be malformed.
    else setImmediate(serve)
  }

  /** Bytes that nobody can read: answered, and the connection ends. */
  #unreadable(fault: Refusal, packet: string): void {
    this.#deaf = true
    const arrival = this.#parts.receive(this.connection, fault, this.#limits)
    const leg = new ConsumerExchange(this.socket, arrival, new ConsumerBody(undefined, this.socket), this.#limits.keepAliveLines, packet)
    this.#current = leg
    this.#serve(arrival, leg)
  }

  #serve(arrival: Arrival, leg: ConsumerExchange): void {
    void this.#parts.exchange(arrival, leg).then(() => this.#answered(leg))
  }

  #answered(leg: ConsumerExchange): void {
    this.#current = undefined
    this.#served = true
    this.#awaitedSince = this.#parts.now()
    // Whoever has not been answered by now never will be: its consumer has gone, or was cut off.
    if (!leg.sink.ended) this.socket.destroy()
    // Either the answer said so, or a body lies unread before whatever comes next.
    if (!leg.keepsAlive || this.#deaf || this.#draining) this.close()
    else if (!this.socket.writableNeedDrain) this.#goOn()
  }

  /** What came while the request before was under way is looked at. */
  #goOn(): void {
    const ahead = this.#ahead
    if (ahead === undefined) return
    this.#ahead = undefined
    this.socket.resume()
    this.#next(ahead)
  }

  #drained(): void {
    if (this.#current !== undefined) this.#current.sink.listener?.drained()
    else if (!this.#deaf) this.#goOn()
  }

  /** What came next is malformed: it ends the request whose body it is. Nothing after it is read. */
  #malformed(fault: Refusal): void {
    this.#deaf = true
    this.#current?.end(fault)
  }

  #lost(): void {
    this.#deaf = true
    this.#current?.sink.lost()
  }
}
