import type { TLSSocket } from 'node:tls'
import type { ConsumerLeg } from '../proxy/exchange.ts'
import type { LookLeg } from '../proxy/exchange-look.ts'
import type { Arrival } from '../spine/arrival.ts'
import { isRefusal, type Refusal } from '../spine/refusal.ts'
import { type AnswerTurn, AnswerWriter } from './answer-writer.ts'
import type { ConsumerBody } from './consumer-body.ts'
import { type Asked, writeJson, writeRefusal } from './reply.ts'

/** A request on its connection, as the path sees it. */
export class ConsumerExchange implements ConsumerLeg, LookLeg, AnswerTurn {
  readonly body: ConsumerBody
  readonly sink: AnswerWriter
  readonly method: string
  readonly speaksChunked: boolean
  readonly #socket: TLSSocket
  readonly #arrival: Arrival
  readonly #packet: string | undefined
  #awaitsContinue: boolean
  #persists: boolean
  #fault: Refusal | undefined

  /** `packet`: of a request that nobody could read, what came. */
  constructor(socket: TLSSocket, arrival: Arrival, body: ConsumerBody, keepAliveLines: string, packet?: string) {
    const { method, httpVersion, form } = arrival
    this.body = body
    this.method = method
    this.speaksChunked = httpVersion !== '1.0'
    // To ask for another protocol and be answered in this one is allowed, and so rare that the connection need not go on.
    this.#persists = !isRefusal(form) && persists(httpVersion, form.connectionNames) && !arrival.headers.has('upgrade')
    this.sink = new AnswerWriter(socket, this, keepAliveLines)
    this.#socket = socket
    this.#arrival = arrival
    this.#packet = packet
    // HTTP/1.0 knows no interim answers: such an expectation is ignored there (RFC 9110, 10.1.1).
    this.#awaitsContinue = this.speaksChunked && arrival.headers.has('expect')
  }

  /** Whether a further request may come behind this one: not where the rest of its body could be taken for that. */
  get keepsAlive(): boolean {
    return this.#persists && this.body.complete
  }

  endConnection(): void {
    this.#persists = false
  }

  /** The exchange ends, with this refusal where an answer has not begun: what came behind the head is malformed, or a lockout names a party of it. */
  end(fault: Refusal): void {
    this.#fault = fault
    this.sink.lost()
  }

  get fault(): Refusal | undefined {
    return this.#fault
  }

  proceed(): void {
    if (!this.#awaitsContinue || this.body.complete) return
    this.#awaitsContinue = false
    this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1')
  }

  refuse(refusal: Refusal, ours: readonly string[]): void {
    if (this.sink.begun) {
      this.sink.cut()
      return
    }
    if (refusal.closes) this.#persists = false
    this.sink.refuse(writeRefusal(refusal, ours, this.#asked()))
  }

  answerJson(json: string, ours: readonly string[]): void {
    this.sink.refuse(writeJson(json, ours))
  }

  /** What the answer's form depends on. Of a request that nobody could read, the raw bytes may still tell what the caller likes to read. */
  #asked(): Asked {
    const { method, rawTarget, headers, exchange } = this.#arrival
    const packet = this.#packet
    return {
      method,
      target: rawTarget || (packet === undefined ? '' : (/^[!-~]{1,32} ([!-~]*)/.exec(packet)?.[1] ?? '')),
      accept: headers.get('accept') ?? (packet && /^accept:[ \t]*([^\r\n]*)/im.exec(packet)?.[1]),
      contentType: headers.get('content-type') ?? (packet && /^content-type:[ \t]*([^\r\n]*)/im.exec(packet)?.[1]),
      exchange,
    }
  }
}

/** RFC 9112, 9.3. */
function persists(httpVersion: string, connectionNames: readonly string[]): boolean {
  if (connectionNames.includes('close')) return false
  return httpVersion === '1.1' || connectionNames.includes('keep-alive')
}
