import { type AnswerReading, type HeaderList, measured, type RequestReading } from './parsers/reading.ts'

/** What a plain reader reads: whole messages, in order, until one that is not in the one plain form. */
export interface PlainRequest extends RequestReading {
  readonly version: string
}

const requestLine = /^([A-Z][A-Z-]*) +([\x21-\x7e]+) +HTTP\/(1\.[01])$/
const headerLine =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\t \x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*$/
const chunkLine = /^([0-9A-Fa-f]{1,15})[ \t]*(?:;[\t \x21-\x7e\x80-\xff]*)?$/

/**
 * Reads requests as RFC 9112 has them where it leaves no choice: CRLF ends every line, there is one framing, and so on. Whatever bends a rule, even
 * one that a server may forgive, ends the reading. The two exceptions change no meaning, and Node's parser makes them: ends of lines before a
 * request (section 2.2) and more than one space in the request line (section 3).
 */
export function plainRequests(bytes: Buffer): readonly PlainRequest[] {
  const found: PlainRequest[] = []
  let at = 0
  for (;;) {
    while (bytes[at] === 0x0d || bytes[at] === 0x0a) at++
    const head = headAt(bytes, at)
    const [, method = '', target = '', version = ''] = requestLine.exec(head?.first ?? '') ?? []
    if (head === undefined || method === '') return found
    const body = bodyAt(bytes, head.end, head.headers, 'none')
    if (body === undefined) return found
    found.push({ method, target, version, headers: head.headers, ...measured(body.content) })
    at = body.end
  }
}

/** A message's first line and headers, and the offset behind them; undefined where they are not all there or not plain. */
export function headAt(
  bytes: Buffer,
  at: number,
): { readonly first: string; readonly headers: HeaderList; readonly end: number } | undefined {
  const end = bytes.indexOf('\r\n\r\n', at)
  if (end < 0) return undefined
  const [first = '', ...lines] = bytes.toString('latin1', at, end).split('\r\n')
  const headers: (readonly [string, string])[] = []
  for (const line of lines) {
    const [, name, value] = headerLine.exec(line) ?? []
    if (name === undefined || value === undefined) return undefined
    headers.push([name, value])
  }
  return { first, headers, end: end + 4 }
}

/** A message's body and the offset behind it; `otherwise` says what no framing at all means. Undefined where it is not all there or not plain. */
export function bodyAt(
  bytes: Buffer,
  at: number,
  headers: HeaderList,
  otherwise: 'none' | 'until-close',
): { readonly content: Buffer; readonly end: number } | undefined {
  const lengths = headers.filter(([name]) => name.toLowerCase() === 'content-length').map(([, value]) => value)
  const codings = headers.filter(([name]) => name.toLowerCase() === 'transfer-encoding').map(([, value]) => value.toLowerCase())
  if (lengths.length + codings.length > 1) return undefined
  if (codings.length === 1) return codings[0] === 'chunked' ? chunkedAt(bytes, at) : undefined
  if (lengths.length === 0)
    return otherwise === 'none' ? { content: Buffer.alloc(0), end: at } : { content: bytes.subarray(at), end: bytes.length }
  const length = lengths[0] ?? ''
  if (!/^[0-9]{1,15}$/.test(length) || at + Number(length) > bytes.length) return undefined
  return { content: bytes.subarray(at, at + Number(length)), end: at + Number(length) }
}

function chunkedAt(bytes: Buffer, from: number): { readonly content: Buffer; readonly end: number } | undefined {
  const parts: Buffer[] = []
  let at = from
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const [, digits] = chunkLine.exec(lineEnd < 0 ? '' : bytes.toString('latin1', at, lineEnd)) ?? []
    if (digits === undefined) return undefined
    const size = Number.parseInt(digits, 16)
    at = lineEnd + 2
    if (size === 0) break
    if (at + size + 2 > bytes.length || bytes.toString('latin1', at + size, at + size + 2) !== '\r\n') return undefined
    parts.push(bytes.subarray(at, at + size))
    at += size + 2
  }
  if (bytes.toString('latin1', at, at + 2) === '\r\n') return { content: Buffer.concat(parts), end: at + 2 }
  // Trailers have the form of a head without its first line.
  const trailers = headAt(Buffer.concat([Buffer.from('\r\n'), bytes.subarray(at)]), 0)
  return trailers && { content: Buffer.concat(parts), end: at + trailers.end - 2 }
}

/** An answer as a plain reader reads it. */
export interface PlainAnswer extends AnswerReading {
  readonly version: string
}

/** A reason phrase means nothing. */
const statusLine = /^HTTP\/(1\.[01]) ([0-9]{3})(?: [^\r\n]*)?$/

/** Reads a provider's answer to a request of this method, interim ones before it skipped; undefined where it is not whole or not plain. */
export function plainAnswer(bytes: Buffer, method: string): PlainAnswer | undefined {
  let at = 0
  for (;;) {
    // As before a request; Node's parser skips them.
    while (bytes[at] === 0x0d || bytes[at] === 0x0a) at++
    const head = headAt(bytes, at)
    const [, version = '', digits = ''] = statusLine.exec(head?.first ?? '') ?? []
    const status = Number(digits)
    if (head === undefined || status < 100 || status === 101) return undefined
    at = head.end
    if (status < 200) continue
    const bodiless = method === 'HEAD' || status === 204 || status === 304
    const body = bodiless ? { content: Buffer.alloc(0), end: at } : bodyAt(bytes, at, head.headers, 'until-close')
    return body && { version, status, headers: head.headers, ...measured(body.content), rest: bytes.length - body.end }
  }
}
