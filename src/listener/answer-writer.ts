import type { TLSSocket } from 'node:tls'
import type { AnswerSink, SinkListener } from '../forwarding/answer-sink.ts'
import { headerText } from '../http/header-text.ts'
import { isBodiless } from '../http/is-bodiless.ts'
import { lastChunk, writeChunk } from '../http/write-chunk.ts'
import { phraseOf, strictTransportSecurity, type WrittenRefusal } from './reply.ts'

/** What an answer's form on the wire depends on. */
export interface AnswerTurn {
  readonly method: string
  /** The consumer speaks HTTP/1.1: an answer without a length comes in chunks, and not up to the end of the connection. */
  readonly speaksChunked: boolean
  /** Whether the connection takes a further request behind this answer, asked when the answer begins. */
  readonly keepsAlive: boolean
  /** The connection ends behind this answer. */
  endConnection(): void
}

/** The second in which a date was written last, and the line (RFC 9110, 6.6.1). */
let dated = { second: 0, line: '' }

function dateLine(): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== dated.second) dated = { second, line: `Date: ${new Date(second * 1000).toUTCString()}\r\n` }
  return dated.line
}

/** Up to this size head and first piece go as one buffer, in one TLS record; copying more costs more than a second record. */
const joinedBytes = 16_384

/** The answer to one request, on the consumer's connection: the only writer of status lines, headers and framing. */
export class AnswerWriter implements AnswerSink {
  readonly #socket: TLSSocket
  readonly #turn: AnswerTurn
  readonly #keepAliveLines: string
  #listener: SinkListener | undefined
  #isGone = false
  #head = ''
  #chunked = false
  /** An answer has begun. */
  begun = false
  /** It is whole. */
  ended = false

  /** `keepAliveLines`: what is said of the connection where it is kept. */
  constructor(socket: TLSSocket, turn: AnswerTurn, keepAliveLines: string) {
    this.#socket = socket
    this.#turn = turn
    this.#keepAliveLines = keepAliveLines
  }

  set listener(listener: SinkListener | undefined) {
    this.#listener = listener
    if (this.#isGone) listener?.gone()
  }

  get listener(): SinkListener | undefined {
    return this.#listener
  }

  /** The consumer's connection closed, or what came on it can no longer be understood. */
  lost(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#listener?.gone()
  }

  begin(status: number, reason: string, headers: readonly string[]): void {
    this.#begin(status, reason, [...headers, ...strictTransportSecurity])
  }

  write(piece: Buffer): boolean {
    const head = this.#head
    if (head === '') return this.#chunked ? writeChunk(this.#socket, piece) : this.#socket.write(piece)
    this.#head = ''
    if (this.#chunked) {
      this.#socket.cork()
      this.#socket.write(head, 'latin1')
      const keepsUp = writeChunk(this.#socket, piece)
      this.#socket.uncork()
      return keepsUp
    }
    if (piece.length > joinedBytes) {
      this.#socket.cork()
      this.#socket.write(head, 'latin1')
      const keepsUp = this.#socket.write(piece)
      this.#socket.uncork()
      return keepsUp
    }
    const joined = Buffer.allocUnsafe(head.length + piece.length)
    joined.write(head, 0, 'latin1')
    piece.copy(joined, head.length)
    return this.#socket.write(joined)
  }

  flush(): void {
    if (this.#head === '') return
    this.#socket.write(this.#head, 'latin1')
    this.#head = ''
  }

  end(): void {
    this.ended = true
    const last = this.#chunked ? lastChunk : ''
    if (this.#head !== '' || last !== '') this.#socket.write(this.#head + last, 'latin1')
    this.#head = ''
  }

  cut(): void {
    this.#socket.destroy()
  }

  /** A whole answer of our own. */
  refuse({ status, headers, body }: WrittenRefusal): void {
    this.#begin(status, '', headers)
    const bytes = Buffer.from(body)
    if (bytes.length > 0) this.write(bytes)
    this.end()
  }

  #begin(status: number, reason: string, headers: readonly string[]): void {
    this.begun = true
    const date = has(headers, 'date') ? '' : dateLine()
    let coding = ''
    if (!isBodiless(this.#turn.method, status) && !has(headers, 'content-length')) {
      this.#chunked = this.#turn.speaksChunked
      if (this.#chunked) coding = 'Transfer-Encoding: chunked\r\n'
      else this.#turn.endConnection()
    }
    const { keepsAlive } = this.#turn
    // Once said it holds, whatever comes to be known later.
    if (!keepsAlive) this.#turn.endConnection()
    const connection = keepsAlive ? this.#keepAliveLines : 'Connection: close\r\n'
    const first = `HTTP/1.1 ${status} ${reason === '' ? phraseOf(status) : reason}\r\n`
    this.#head = `${first}${headerText(headers)}${date}${coding}${connection}\r\n`
  }
}

/** Whether one of the headers has this lower-cased name. Compared by length first: this runs for every header of every answer. */
function has(headers: readonly string[], name: string): boolean {
  for (let i = 0; i < headers.length; i += 2) if (headers[i]!.length === name.length && headers[i]!.toLowerCase() === name) return true
  return false
}
