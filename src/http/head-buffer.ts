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
/** From this size on only what is new is looked at: a head that comes byte by byte would else be read anew for each, and cost the square of its size. */
const longBytes = 256
/** What can end or spoil a head: the rest of it is fine wherever it stands behind the first line. */
const telling = /[\r\n\0]/

/**
 * Gathers the head of one message after another (RFC 9112, 2.1). What is certain to become none is told at once and not at its end, which might never
 * come: `begins` says whether the text, which has no end yet, can be the beginning of one.
 */
export class HeadBuffer {
  #limit: number
  readonly #begins: (text: string) => boolean
  /** What has come, with room behind it. */
  #room: Buffer = nothing
  #held = 0

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
    return this.#held > 0
  }

  /** Takes the next bytes. */
  read(chunk: Buffer): HeadReading {
    if (this.#goesOn(chunk)) {
      this.#hold(chunk)
      return more
    }
    const bytes = this.#held === 0 ? chunk : Buffer.concat([this.#room.subarray(0, this.#held), chunk])
    const text = bytes.toString('latin1', 0, Math.min(bytes.length, this.#limit + 4))
    const start = afterEmptyLines(text)
    const end = text.indexOf('\r\n\r\n', start)
    if (end >= 0) {
      this.#held = 0
      this.#room = nothing
      const next = end + 4
      return { kind: 'head', text: text.slice(start, end), rest: next < bytes.length ? bytes.subarray(next) : undefined }
    }
    // With what has come beyond the limit: it may tell in which form the caller likes to be told.
    if (bytes.length > this.#limit) return { kind: 'too-large', text: bytes.toString('latin1', start, 2 * this.#limit) }
    const begun = text.slice(start)
    if (neverInHead.test(begun) || !this.#begins(begun)) return { kind: 'malformed', text: begun }
    this.#hold(chunk)
    return more
  }

  /** Whether a long beginning of a head certainly is one still, with these bytes behind it. */
  #goesOn(chunk: Buffer): boolean {
    if (this.#held < longBytes || this.#held + chunk.length > this.#limit) return false
    const seam = this.#room.toString('latin1', this.#held - 3, this.#held) + chunk.toString('latin1')
    if (!telling.test(seam)) return true
    // The first line end is that of the first line, about which somebody else is asked.
    if (this.#room.subarray(0, this.#held).indexOf(crlf, mostEmptyLines * 2) < 0) return false
    return !seam.includes('\r\n\r\n') && !neverInHead.test(seam.startsWith('\n') ? `\r${seam}` : seam)
  }

  #hold(chunk: Buffer): void {
    const held = this.#held + chunk.length
    if (held > this.#room.length) {
      const room = Buffer.allocUnsafeSlow(this.#held === 0 ? held : 2 * held)
      this.#room.copy(room, 0, 0, this.#held)
      this.#room = room
    }
    chunk.copy(this.#room, this.#held)
    this.#held = held
  }
}

const nothing = Buffer.alloc(0)
const crlf = Buffer.from('\r\n')

function afterEmptyLines(text: string): number {
  let at = 0
  while (at < 2 * mostEmptyLines && text.startsWith('\r\n', at)) at += 2
  return at
}
