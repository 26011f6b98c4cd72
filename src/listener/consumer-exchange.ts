import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { ConsumerLeg } from '../proxy/exchange.ts'
import type { Refusal } from '../spine/refusal.ts'
import { type Asked, phraseOf, ReplySink, writeRefusal } from './reply.ts'

/** A request that the parser read, as the path sees it. */
export class ConsumerExchange implements ConsumerLeg {
  readonly body: IncomingMessage
  readonly sink: ReplySink
  readonly #response: ServerResponse
  readonly #asked: Asked
  readonly #awaitsContinue: boolean
  #fault: Refusal | undefined

  constructor(request: IncomingMessage, response: ServerResponse, asked: Asked, awaitsContinue: boolean) {
    this.body = request
    this.sink = new ReplySink(request, response)
    this.#response = response
    this.#asked = asked
    this.#awaitsContinue = awaitsContinue
    response.on('close', () => {
      if (!response.writableFinished) this.sink.lost()
    })
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
    if (this.#awaitsContinue) this.#response.writeContinue()
  }

  refuse(refusal: Refusal, ours: readonly string[]): void {
    if (this.#response.headersSent || this.#response.destroyed) {
      this.#response.destroy()
      return
    }
    const { status, headers, body } = writeRefusal(refusal, ours, this.#asked)
    // A body that nobody has read may not be taken for the next request.
    const closes = refusal.closes || !this.body.complete
    if (closes) this.#response.shouldKeepAlive = false
    this.#response.writeHead(status, phraseOf(status), closes ? [...headers, 'Connection', 'close'] : [...headers])
    this.#response.end(body)
  }
}

/** A request that the parser could not read: the answer is written onto the bare connection; closing it is for whoever owns it. */
export class UnreadableExchange implements ConsumerLeg {
  readonly #socket: TLSSocket
  readonly #asked: Asked
  readonly fault = undefined

  constructor(socket: TLSSocket, asked: Asked) {
    this.#socket = socket
    this.#asked = asked
  }

  get body(): never {
    throw new Error('an unreadable request has no body')
  }

  get sink(): never {
    throw new Error('an unreadable request is never forwarded')
  }

  end(): never {
    throw new Error('an unreadable request is never admitted')
  }

  proceed(): void {
    throw new Error('an unreadable request is never forwarded')
  }

  refuse(refusal: Refusal, ours: readonly string[]): void {
    const { status, headers, body } = writeRefusal(refusal, ours, this.#asked)
    let head = `HTTP/1.1 ${status} ${phraseOf(status)}\r\n`
    for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
    if (this.#socket.writable) this.#socket.write(`${head}Date: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n${body}`)
  }
}
