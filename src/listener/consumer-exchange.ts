import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { ConsumerLeg } from '../proxy/exchange.ts'
import type { Refusal } from '../spine/refusal.ts'
import { type Asked, phraseOf, ReplySink, writeRefusal } from './reply.ts'

/** How long, and for how much, a closing connection is read so that the answer is not lost to a reset (RFC 9112, 9.6). */
const lingerMs = 2_000

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
    this.sink = new ReplySink(response)
    this.#response = response
    this.#asked = asked
    this.#awaitsContinue = awaitsContinue
    response.on('close', () => {
      if (!response.writableFinished) this.sink.lost()
    })
  }

  /** What came on the connection after the head turned out to be malformed: the exchange ends, with this refusal where an answer has not begun. */
  spoil(fault: Refusal): void {
    this.#fault = fault
    this.sink.lost()
  }

  get fault(): Refusal | undefined {
    return this.#fault
  }

  /** Whether an answer has begun: then nothing else can be said on this connection. */
  get answered(): boolean {
    return this.#response.headersSent
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

/** A request that the parser could not read: the answer is written onto the bare connection, which is then closed. */
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

  proceed(): void {
    throw new Error('an unreadable request is never forwarded')
  }

  refuse(refusal: Refusal, ours: readonly string[]): void {
    const { status, headers, body } = writeRefusal(refusal, ours, this.#asked)
    let head = `HTTP/1.1 ${status} ${phraseOf(status)}\r\n`
    for (let i = 0; i + 1 < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`
    if (this.#socket.writable) this.#socket.write(`${head}Date: ${new Date().toUTCString()}\r\nConnection: close\r\n\r\n${body}`)
    closeLingering(this.#socket)
  }
}

/** Ends a connection on which bytes may still be coming: says so, reads and forgets for a moment, then cuts. */
export function closeLingering(socket: TLSSocket): void {
  if (socket.destroyed) return
  socket.end()
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  timer.unref()
  socket.once('close', () => clearTimeout(timer))
  socket.resume()
}
