import type { BodyFraming, LookForm, WireForm } from './arrival.ts'
import { foldsToGuardedName, isSetByProxy, methodOverrides, singletons } from './header-names.ts'
import { type Refusal, type RefusalCode, refuse } from './refusal.ts'
import { parseTarget } from './target-url.ts'

/** Bounds of a request's head. */
export interface WireLimits {
  readonly maxHeaders: number
  readonly maxTargetBytes: number
}

const rule = 'wire-form'
/** What nearly every value is made of: one look, and the finer rules need not be asked. */
const plainValue = /^[\t\x20-\x7e]*$/
const controlCharacter = /[\x00-\x08\x0a-\x1f\x7f]/
const nonAscii = /[^\x00-\x7f]/
/** What stands behind the last slash is an exchange id, or what somebody takes for one. */
const lookTarget = /^\/ssp\/exchanges\/([A-Za-z0-9-]{1,64})$/
/** Whether this request target asks for the verdict of an exchange. */
export function asksForVerdict(rawTarget: string): boolean {
  return lookTarget.test(rawTarget)
}

/** A name or an address in brackets, and perhaps a port (RFC 9110, 7.2; RFC 3986, 3.2.2). */
const hostValue = /^(?:(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*|\[[A-Za-z0-9._~!$&'()*+,;=:-]+\])(?::[0-9]*)?$/
/** No comma but in quoted strings, which have an end: one value and not several in one line. */
const singleValue = /^(?:[^",]|"(?:[^"\\]|\\.)*")*$/
/** `_method`, each letter as itself or escaped: whoever reads the query decodes its names. */
const methodParameter = /[?&;](?:_|%5f)(?:m|%[46]d)(?:e|%[46]5)(?:t|%[57]4)(?:h|%[46]8)(?:o|%[46]f)(?:d|%[46]4)(?:[=&;]|$)/i

/**
 * Reads the head of a request once: either it has one meaning, or it is refused (rules of the decisions, section 2; RFC 9112).
 * `rawHeaders` is name, value, name, value …, `headerNames` the names lower-cased; `headers` receives each by its lower-cased name, repeated ones joined by ", ".
 */
export function readWireForm(
  method: string,
  httpVersion: string,
  rawTarget: string,
  rawHeaders: readonly string[],
  headerNames: readonly string[],
  headers: Map<string, string>,
  limits: WireLimits,
): WireForm | LookForm | Refusal {
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return malformed('VERSION_NOT_SUPPORTED', `HTTP/${httpVersion} is not spoken here: use HTTP/1.1`)
  if (rawHeaders.length > limits.maxHeaders * 2) return malformed('HEADERS_TOO_LARGE', `more than ${limits.maxHeaders} header lines`)
  const fault = readLines(rawHeaders, headerNames, headers)
  if (fault !== undefined) return fault
  if (httpVersion === '1.1' && !headers.has('host')) return malformed('MALFORMED_REQUEST', 'HTTP/1.1 requires a Host header', 'Host')
  const body = framingOf(httpVersion, headers)
  if ('code' in body) return body
  const connectionNames = namesInConnection(headers.get('connection'))
  if ('code' in connectionNames) return connectionNames
  const expect = headers.get('expect')
  if (expect !== undefined && expect.toLowerCase() !== '100-continue')
    return malformed('EXPECTATION_FAILED', 'the only expectation that is met is 100-continue', 'Expect')
  if (method === 'CONNECT') return malformed('NOT_IMPLEMENTED', 'this is no tunnel: CONNECT is not spoken here')
  if (rawTarget.length > limits.maxTargetBytes)
    return malformed('URI_TOO_LONG', `the request target is longer than ${limits.maxTargetBytes} bytes`)
  const exchangeSought = lookTarget.exec(rawTarget)?.[1]
  if (exchangeSought !== undefined) return { exchangeSought, body, connectionNames }
  const target = parseTarget(rawTarget)
  if ('fault' in target) return malformed('MALFORMED_REQUEST', `request target: ${target.fault} (at character ${target.at})`)
  if (methodParameter.test(target.query)) return malformed('MALFORMED_REQUEST', 'a method override in the query is not accepted')
  return { target, body, connectionNames }
}

function readLines(rawHeaders: readonly string[], names: readonly string[], headers: Map<string, string>): Refusal | undefined {
  let fault: Refusal | undefined
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    const value = rawHeaders[2 * i + 1]!
    const before = headers.get(name)
    headers.set(name, before === undefined ? value : `${before}, ${value}`)
    fault ??= faultOfLine(rawHeaders[2 * i]!, name, value, before !== undefined)
  }
  return fault
}

function faultOfLine(shownName: string, name: string, value: string, repeated: boolean): Refusal | undefined {
  if (repeated && (singletons.has(name) || name.startsWith('ssp-')))
    return malformed('MALFORMED_REQUEST', 'the header may come only once', shownName)
  if (!plainValue.test(value)) {
    const fault = faultOfBytes(shownName, name, value)
    if (fault !== undefined) return fault
  }
  if (name === 'host' && !hostValue.test(value)) return malformed('MALFORMED_REQUEST', 'the value is not a host', shownName)
  if (name === 'content-type' && !singleValue.test(value))
    return malformed('MALFORMED_REQUEST', 'the value is not one media type', shownName)
  if (methodOverrides.has(name)) return malformed('MALFORMED_REQUEST', 'a method override is not accepted', shownName)
  return undefined
}

function faultOfBytes(shownName: string, name: string, value: string): Refusal | undefined {
  if (controlCharacter.test(value)) return malformed('MALFORMED_REQUEST', 'the value holds a control character', shownName)
  const decides = name === 'host' || name === 'authorization' || name.startsWith('ssp-')
  return decides && nonAscii.test(value) ? malformed('MALFORMED_REQUEST', 'the value holds a byte outside ASCII', shownName) : undefined
}

/** RFC 9112, section 6: one framing or none. The parser refuses most of what is wrong; this does not rely on it. */
function framingOf(httpVersion: string, headers: ReadonlyMap<string, string>): BodyFraming | Refusal {
  const encoding = headers.get('transfer-encoding')
  const length = headers.get('content-length')
  if (encoding !== undefined) {
    if (length !== undefined)
      return malformed('MALFORMED_REQUEST', 'Content-Length and Transfer-Encoding exclude each other', 'Transfer-Encoding')
    if (httpVersion === '1.0') return malformed('MALFORMED_REQUEST', 'HTTP/1.0 knows no Transfer-Encoding', 'Transfer-Encoding')
    if (encoding.toLowerCase() !== 'chunked')
      return malformed('MALFORMED_REQUEST', 'the only transfer coding that is understood is chunked, alone', 'Transfer-Encoding')
    return { kind: 'chunked' }
  }
  if (length === undefined) return { kind: 'none' }
  if (!/^[0-9]{1,15}$/.test(length)) return malformed('MALFORMED_REQUEST', 'the value is not a length', 'Content-Length')
  const bytes = Number(length)
  return bytes === 0 ? { kind: 'none' } : { kind: 'length', bytes }
}

/** A `Connection` header may not strip what decides, or what this proxy adds (CVE-2026-33805 and its kind). */
function namesInConnection(connection: string | undefined): readonly string[] | Refusal {
  if (connection === undefined) return noNames
  const names = connection
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')
  const forbidden = names.find((name) => isSetByProxy(name) || foldsToGuardedName(name))
  return forbidden === undefined
    ? names
    : malformed('MALFORMED_REQUEST', 'Connection names a header that must not be removed', 'Connection')
}

const noNames: readonly string[] = []

function malformed(code: RefusalCode, detail: string, header?: string): Refusal {
  return refuse(rule, code, {
    reason: header === undefined ? detail : `${header}: ${detail}`,
    faults: [header === undefined ? { detail } : { header, detail }],
  })
}
