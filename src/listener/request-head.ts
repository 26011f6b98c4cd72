import { METHODS } from 'node:http'
import type { BodyFault } from '../http/body-reader.ts'
import { readHeaderLines } from '../http/header-lines.ts'
import { type Refusal, type RefusalCode, refuse } from '../spine/refusal.ts'

/** A request's head as its bytes say it; what it means is asked of the wire form. */
export interface RequestHead {
  readonly method: string
  /** The request target, byte for byte. */
  readonly target: string
  /** `1.1`, or any other that was named. */
  readonly httpVersion: string
  /** Name, value, name, value … as they came. */
  readonly rawHeaders: readonly string[]
  /** The names, lower-cased. */
  readonly headerNames: readonly string[]
}

const methods: ReadonlySet<string> = new Set(METHODS)
const requestLine = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([^\0-\x20\x7f]+) HTTP\/([0-9]\.[0-9])$/
const methodBegun = /^[A-Z-]{0,32}$/
const otherVersion = /^[A-Z-]+ [^\0-\x20\x7f]+(?: HTTP\/[0-9.]*)?$/

/** Reads a request's head (latin1, without the empty line at its end), strictly: RFC 9112, sections 3 and 5. */
export function readRequestHead(text: string): RequestHead | Refusal {
  const end = text.indexOf('\r\n')
  const found = requestLine.exec(end < 0 ? text : text.slice(0, end))
  if (found === null) return requestLineFault(text)
  const [, method = '', target = '', httpVersion = ''] = found
  if (!methods.has(method)) return requestLineFault(text)
  const lines = readHeaderLines(text, end < 0 ? text.length : end + 2)
  if (lines === undefined) return wireFault('MALFORMED_REQUEST', 'a header line is malformed')
  return { method, target, httpVersion, rawHeaders: lines.raw, headerNames: lines.names }
}

/** Whether what has come can become the head of a request. */
export function canBeginRequest(text: string): boolean {
  const line = text.indexOf('\r\n')
  if (line >= 0) return requestLine.test(text.slice(0, line))
  const space = text.indexOf(' ')
  return space < 0 ? methodBegun.test(text) : methods.has(text.slice(0, space))
}

/** What is wrong with bytes that are no head of a request. */
export function requestLineFault(text: string): Refusal {
  const end = text.search(/[\r\n]/)
  const line = end < 0 ? text : text.slice(0, end)
  const method = /^([^\s]*)/.exec(line)?.[1] ?? ''
  if (method === 'PRI') return wireFault('MALFORMED_REQUEST', 'HTTP/2 is not negotiated here: use HTTP/1.1')
  if (!methods.has(method)) return wireFault('NOT_IMPLEMENTED', 'the method is not one of HTTP')
  if (requestLine.test(line)) return wireFault('MALFORMED_REQUEST', 'a header line is malformed')
  return otherVersion.test(line)
    ? wireFault('VERSION_NOT_SUPPORTED', 'the version of HTTP is not spoken here: use HTTP/1.1')
    : wireFault('MALFORMED_REQUEST', 'the request line is malformed')
}

/** A refusal of row 1. */
export function wireFault(code: RefusalCode, detail: string): Refusal {
  return refuse('wire-form', code, { reason: detail, faults: [{ detail }] })
}

/** The refusal for a body that cannot be read on. */
export function bodyFault(fault: BodyFault): Refusal {
  return fault === 'too-large'
    ? wireFault('HEADERS_TOO_LARGE', 'the trailers are larger than is accepted')
    : wireFault('MALFORMED_REQUEST', 'the chunked body is malformed')
}
