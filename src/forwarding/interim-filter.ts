import type { TLSSocket } from 'node:tls'

/** Interim answers before the real one that are dropped; more is a flood. */
const interimLimit = 16
/** Longest head of an interim answer. */
const interimBytes = 16_384

const statusAt = 'HTTP/1.1 '.length
const one = 0x31

/**
 * Takes interim answers (1xx, but for 101) out of what a provider sends: they are about the provider's own connection, and the client library
 * would take a `100 Continue` that it did not ask for as the end of it. Looks at nothing but the bytes between a request and its answer's head;
 * what it does not understand it passes on unchanged, and the parser judges.
 */
export class InterimFilter {
  #awaitsHead = false
  #dropped = 0
  #held: Buffer | undefined
  #isForeign = false

  /** A request is about to be sent: what comes next is the head of its answer. */
  expectHead(): void {
    this.#awaitsHead = true
    this.#dropped = 0
    this.#held = undefined
    this.#isForeign = false
  }

  /** Whether the answer begins as none of HTTP/1.0 or 1.1: the parser takes `HTTP/0.9` and `HTTP/2.0` for the same, and does not tell. */
  get isForeign(): boolean {
    return this.#isForeign
  }

  /** Interim answers dropped since the last request. */
  get dropped(): number {
    return this.#dropped
  }

  /** What of these bytes the parser is to see; empty where that cannot be told before more has come. */
  pass(chunk: Buffer): Buffer {
    if (!this.#awaitsHead) return chunk
    let bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk])
    this.#held = undefined
    for (;;) {
      if (bytes.length > statusAt && bytes[statusAt] !== one) return this.#passOn(bytes)
      const end = bytes.indexOf('\r\n\r\n')
      if (end < 0) {
        if (bytes.length > interimBytes || !isHeadBegun(bytes)) return this.#passOn(bytes)
        this.#held = bytes
        return nothing
      }
      if (this.#dropped >= interimLimit || !isInterim(bytes, end)) return this.#passOn(bytes)
      this.#dropped++
      bytes = bytes.subarray(end + 4)
      if (bytes.length === 0) return nothing
    }
  }

  #passOn(bytes: Buffer): Buffer {
    this.#awaitsHead = false
    this.#isForeign = !plainStart.test(bytes.toString('latin1', 0, plainStartBytes))
    return bytes
  }
}

/** Ends of lines may be left over from the answer before. */
const plainStart = /^[\r\n]{0,4}HTTP\/1\.[01] /
const plainStartBytes = 4 + statusAt
const nothing = Buffer.alloc(0)
const interim = /^HTTP\/1\.[01] 1(?!01)[0-9]{2}(?: [^\r\n]*)?(?:\r\n[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n]*)*$/

/** A whole head of an interim answer, well-formed: dropping anything else would make an answer of what stands behind it. */
function isInterim(bytes: Buffer, end: number): boolean {
  return end <= interimBytes && bytes[statusAt] === one && interim.test(bytes.toString('latin1', 0, end))
}

/** Whether these bytes can be, or can become, the head of an interim answer. */
function isHeadBegun(bytes: Buffer): boolean {
  const begun = bytes.toString('latin1', 0, statusAt + 4)
  const shape = 'HTTP/1.x 1dd '
  return [...begun].every((character, at) => {
    const wanted = shape[at]!
    if (wanted === 'x') return character === '0' || character === '1'
    if (wanted === 'd') return character >= '0' && character <= '9'
    return character === wanted || (at === shape.length - 1 && character === '\r')
  })
}

/** Puts the filter between a provider's connection and whoever reads it with `read()`. */
export function filterInterim(socket: TLSSocket, filter: InterimFilter): TLSSocket {
  const read = socket.read.bind(socket) as (size?: number) => Buffer | null
  socket.read = (size?: number): Buffer | null => {
    for (;;) {
      const chunk = read(size)
      if (chunk === null) return null
      const passed = filter.pass(chunk)
      if (passed.length > 0) return passed
    }
  }
  return socket
}
