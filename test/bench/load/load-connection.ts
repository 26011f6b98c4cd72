import { connect, type SecureContext, type TLSSocket } from 'node:tls'
import type { LoadTarget } from './load-job.ts'

const headEnd = '\r\n\r\n'
const lengthLine = /\r\ncontent-length: *(\d+)\r\n/i

/** The session that a connection resumes, if there is one yet, and who keeps the one that it is given. */
export interface Resumption {
  readonly given: Buffer | undefined
  keep(session: Buffer): void
}

/** One consumer's connection: a request, its whole answer, the next request. Any answer but one of the expected status and length is a fault. */
export class LoadConnection {
  /** Resolves once its handshake is over, well or not; what went wrong is told as a fault. */
  readonly shaken: Promise<void>
  readonly #socket: TLSSocket
  readonly #target: LoadTarget
  readonly #fault: (reason: string) => void
  readonly #lost = (): void => this.#fail('the connection was closed')
  readonly #body: Buffer | undefined
  #answered: ((status: number) => void) | undefined
  #status = 0
  #head = ''
  /** Bytes of the body that have not come; undefined while the head is read. */
  #left: number | undefined

  constructor(target: LoadTarget, secureContext: SecureContext, fault: (reason: string) => void, resumption?: Resumption) {
    this.#target = target
    this.#fault = fault
    this.#body = target.body === undefined ? undefined : Buffer.from(target.body)
    const { port, servername } = target
    const session = resumption?.given
    this.#socket = connect({ host: '127.0.0.1', port, servername, secureContext, ...(session !== undefined && { session }) })
    if (resumption !== undefined) this.#socket.on('session', (next: Buffer) => resumption.keep(next))
    if (session !== undefined)
      this.#socket.once('secureConnect', () => {
        if (!this.#socket.isSessionReused()) this.#fail('the session was not resumed')
      })
    this.shaken = new Promise((resolve) => {
      this.#socket.once('secureConnect', resolve).once('close', resolve)
    })
    this.#socket.setNoDelay(true)
    this.#socket.on('data', (chunk: Buffer) => this.#take(chunk))
    this.#socket.on('error', (error) => this.#fail(error.message))
    this.#socket.on('close', this.#lost)
  }

  /** Sends a request, before the handshake is done or after, and tells when its answer is whole. */
  send(text: string, answered: (status: number) => void): void {
    this.#answered = answered
    if (this.#body === undefined) this.#socket.write(text, 'latin1')
    else {
      // As one write: text and a short body are one record.
      this.#socket.cork()
      this.#socket.write(text, 'latin1')
      this.#socket.write(this.#body)
      this.#socket.uncork()
    }
  }

  /** Ends the connection as a consumer that needs it no more. */
  close(): void {
    this.#socket.off('close', this.#lost)
    this.#socket.end()
    // Whoever does not close its side is not waited for.
    this.#socket.once('end', () => this.#socket.destroy())
  }

  #take(chunk: Buffer): void {
    if (this.#left === undefined) this.#takeHead(chunk.toString('latin1'))
    else this.#count(chunk.length)
  }

  #takeHead(text: string): void {
    this.#head += text
    const end = this.#head.indexOf(headEnd)
    if (end < 0) return
    const head = this.#head.slice(0, end + 2)
    const behind = this.#head.length - end - headEnd.length
    this.#head = ''
    const length = Number(lengthLine.exec(head)?.[1])
    const { status = 200, answerBytes } = this.#target
    this.#status = Number(head.slice(9, 12))
    if (status === 'any' && length >= 0) this.#takeBody(length, behind)
    else if (this.#status !== status) this.#fail(`the answer is: ${head.slice(0, 400)}`)
    else if (length !== answerBytes) this.#fail(`the answer has a length of ${length}, not ${answerBytes}`)
    else this.#takeBody(length, behind)
  }

  #takeBody(length: number, behind: number): void {
    this.#left = length
    this.#count(behind)
  }

  #count(bytes: number): void {
    this.#left = (this.#left ?? 0) - bytes
    if (this.#left > 0) return
    const answered = this.#answered
    this.#answered = undefined
    if (this.#left < 0) this.#fail('more came than the answer')
    else if (answered === undefined) this.#fail('an answer came that nobody asked for')
    else {
      this.#left = undefined
      answered(this.#status)
    }
  }

  #fail(reason: string): void {
    this.#socket.off('close', this.#lost)
    this.#socket.destroy()
    this.#fault(reason)
  }
}
