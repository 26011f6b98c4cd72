/** What came of the bytes so far. */
export type HeadReading =
  /** The head, latin1, without the empty line at its end; and what stands behind that. */
  | { readonly kind: 'head'; readonly text: string; readonly rest: Buffer | undefined }
  | { readonly kind: 'more' }
  /** `text` is its beginning. */
  | { readonly kind: 'too-large'; readonly text: string }
  /** Nothing that may follow makes a head of it. `text` is what has come. */
  | { readonly kind: 'malformed'; readonly text: string }

const more: HeadReading = { kind: 'more' }
/** Lines that end in anything but CRLF, and NUL: never part of a head. A CR at the very end may be the beginning of a CRLF. */
const neverInHead = /(?:^|[^\r])\n|\r[^\n]|\0/
/** Empty lines before a message (RFC 9112, 2.2). */
const mostEmptyLines = 2

/**
 * Gathers the head of one message after another (RFC 9112, 2.1). What is certain to become none is told at once and not at its end, which might never
 * come: `begins` says whether the text, which has no end yet, can be the beginning of one.
 */
export class HeadBuffer {
  #limit: number
  readonly #begins: (text: string) => boolean
  #held: Buffer | undefined

  /** `limit` is the most bytes of a head. */
  constructor(limit: number, begins: (text: string) => boolean) {
    this.#limit = limit
    this.#begins = begins
  }

  /** Most bytes of the heads that begin from now on. */
  set limit(bytes: number) {
    this.#limit = bytes
  }

  /** Whether the beginning of a head has come. */
  get begun(): boolean {
    return this.#held !== undefined
  }

  /** Takes the next bytes. */
  read(chunk: Buffer): HeadReading {
    const bytes = this.#held === undefined ? chunk : Buffer.concat([this.#held, chunk])
    const text = bytes.toString('latin1', 0, Math.min(bytes.length, this.#limit + 4))
    const start = afterEmptyLines(text)
    const end = text.indexOf('\r\n\r\n', start)
    if (end >= 0) {
      this.#held = undefined
      const next = end + 4
      return { kind: 'head', text: text.slice(start, end), rest: next < bytes.length ? bytes.subarray(next) : undefined }
    }
    // With what has come beyond the limit: it may tell in which form the caller likes to be told.
    if (bytes.length > this.#limit) return { kind: 'too-large', text: bytes.toString('latin1', start, 2 * this.#limit) }
    const begun = text.slice(start)
    if (neverInHead.test(begun) || !this.#begins(begun)) return { kind: 'malformed', text: begun }
    this.#held = bytes
    return more
  }
}

function afterEmptyLines(text: string): number {
  let at = 0
  while (at < 2 * mostEmptyLines && text.startsWith('\r\n', at)) at += 2
  return at
}
