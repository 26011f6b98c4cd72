import type { BodyFault, BodyReader } from './body-reader.ts'
import { lowerCasedName } from './header-lines.ts'

/** Bytes of all chunk extensions of one body together: they mean nothing to anybody, and must not be a way to send without end (CVE-2024-22019). */
const mostExtensionBytes = 16_384
/** Bytes of all trailers. */
const mostTrailerBytes = 16_384
/** Line by line: the digits of a size (no more than a number holds), and what may stand behind them. */
const sizeLine = /^([0-9A-Fa-f]{1,13})(;[\t\x20-\x7e\x80-\xff]*)?\r\n$/
const sizeBegun = /^[0-9A-Fa-f]{1,13}(?:;[\t\x20-\x7e\x80-\xff]*)?\r?$/
const trailerLine = /^[^:]+:[\t\x20-\x7e\x80-\xff]*\r\n$/
const trailerBegun = /^[\t\x20-\x7e\x80-\xff]*\r?$/
const lineFeed = 0x0a

/**
 * A body in chunks (RFC 9112, 7.1), read strictly: CRLF alone ends a line, a size is nothing but digits. Extensions and trailers are left out, within bounds.
 * What is read at once is handed on as one piece: chunks of a byte would else each be hashed, framed and sent for itself.
 */
export class ChunkedReader implements BodyReader {
  #state: 'size' | 'data' | 'data-end' | 'trailer' | 'done' = 'size'
  #left = 0
  #line = ''
  #extensions = 0
  #trailers = 0
  fault: BodyFault | undefined

  get complete(): boolean {
    return this.#state === 'done'
  }

  read(bytes: Buffer, data: (piece: Buffer) => void): number {
    let at = 0
    let first: Buffer | undefined
    let further: Buffer[] | undefined
    while (at < bytes.length && this.#state !== 'done' && this.fault === undefined) {
      if (this.#state === 'data') {
        const end = Math.min(at + this.#left, bytes.length)
        this.#left -= end - at
        const piece = at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end)
        if (first === undefined) first = piece
        else if (further === undefined) further = [first, piece]
        else further.push(piece)
        at = end
        if (this.#left === 0) this.#state = 'data-end'
      } else {
        const found = bytes.indexOf(lineFeed, at)
        const end = found < 0 ? bytes.length : found + 1
        this.#line += bytes.toString('latin1', at, end)
        at = end
        if (found < 0) this.#begun()
        else this.#whole()
      }
    }
    if (first !== undefined) data(further === undefined ? first : Buffer.concat(further))
    return at
  }

  /** Looks at a line that has no end yet. */
  #begun(): void {
    const line = this.#line
    switch (this.#state) {
      case 'data-end':
        if (line !== '\r') this.fault = 'malformed'
        return
      case 'size':
        if (!sizeBegun.test(line) || this.#extensions + line.length > mostExtensionBytes) this.fault = 'malformed'
        return
      case 'trailer':
        if (this.#trailers + line.length > mostTrailerBytes) this.fault = 'too-large'
        else if (!trailerBegun.test(line)) this.fault = 'malformed'
    }
  }

  #whole(): void {
    const line = this.#line
    this.#line = ''
    switch (this.#state) {
      case 'data-end':
        if (line === '\r\n') this.#state = 'size'
        else this.fault = 'malformed'
        return
      case 'size':
        this.#size(line)
        return
      case 'trailer':
        this.#trailer(line)
    }
  }

  #size(line: string): void {
    const [, digits, extension = ''] = sizeLine.exec(line) ?? []
    this.#extensions += extension.length
    if (digits === undefined || this.#extensions > mostExtensionBytes) {
      this.fault = 'malformed'
      return
    }
    this.#left = Number.parseInt(digits, 16)
    this.#state = this.#left === 0 ? 'trailer' : 'data'
  }

  #trailer(line: string): void {
    if (line === '\r\n') {
      this.#state = 'done'
      return
    }
    this.#trailers += line.length
    if (this.#trailers > mostTrailerBytes) this.fault = 'too-large'
    else if (!trailerLine.test(line) || lowerCasedName(line.slice(0, line.indexOf(':'))) === undefined) this.fault = 'malformed'
  }
}
