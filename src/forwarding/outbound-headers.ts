import type { Arrival, WireForm } from '../spine/arrival.ts'
import { foldsToGuardedName, hopByHop, isDroppedFromRequest } from '../spine/header-names.ts'

/** What the proxy calls itself, and the address and host by which it was asked. */
export interface ProxyIdentity {
  readonly via: string
}

/** The headers a provider receives, and what was left out of them. */
export interface OutboundHeaders {
  /** Name, value, name, value …, with `content-length` where the body has a length. */
  readonly list: string[]
  /** Names that the caller sent and that were dropped, lower-cased; hop-by-hop ones are not worth a word. */
  readonly dropped: readonly string[]
}

const none: readonly string[] = []
/** W3C Trace Context, 3.2.2: version 00 has four parts, a later one may have more, and ff is none. */
const traceFields = '-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}'
const validTraceparent = new RegExp(`^(?:00${traceFields}|(?!00|ff)[0-9a-f]{2}${traceFields}(?:-[\\x21-\\x7e]*)?)$`)

/**
 * The request headers as section 2 of the decisions has them: end-to-end ones byte for byte, in order and case; hop-by-hop and whatever
 * `Connection` names removed; `Forwarded` set anew, `Via` appended to, `traceparent` continued with its `tracestate`, or begun without. Never edits what arrived.
 */
export function outboundHeaders(arrival: Arrival & WireForm, host: string, identity: ProxyIdentity): OutboundHeaders {
  const { rawHeaders, headerNames, connectionNames, headers, connection, body } = arrival
  const traceparent = headers.get('traceparent')
  const traced = traceparent !== undefined && validTraceparent.test(traceparent)
  const list: string[] = ['Host', host]
  let dropped: string[] | undefined
  for (let i = 0; i < headerNames.length; i++) {
    const name = headerNames[i]!
    switch (name) {
      case 'host':
      case 'via':
      case 'content-length':
      case 'expect':
      case 'traceparent':
        continue
      case 'tracestate':
        // W3C Trace Context, processing model: a trace that begins here has no state of one that could not be read.
        if (!traced) continue
    }
    if (hopByHop.has(name)) continue
    if (isDroppedFromRequest(name)) {
      dropped = [...(dropped ?? none), name]
      continue
    }
    if (connectionNames.length > 0 && connectionNames.includes(name) && !foldsToGuardedName(name)) continue
    list.push(rawHeaders[2 * i]!, rawHeaders[2 * i + 1]!)
  }
  const via = headers.get('via')
  const hop = `${arrival.httpVersion} ${identity.via}`
  list.push('Forwarded', forwardedOf(connection.address, headers.get('host'), identity.via))
  list.push('Via', via ? `${via}, ${hop}` : hop)
  list.push('traceparent', traced ? traceparent : newTraceparent(arrival.exchange))
  if (body.kind === 'length') list.push('content-length', String(body.bytes))
  else if (body.kind === 'none' && headers.has('content-length')) list.push('content-length', '0')
  return { list, dropped: dropped ?? none }
}

/** RFC 7239: an IPv6 address in brackets and quotes; a host that is no token is quoted. */
function forwardedOf(address: string, host: string | undefined, by: string): string {
  const node = address.includes(':') ? `"[${address}]"` : address
  const named =
    host === undefined || host === '' ? '' : `;host=${/^[A-Za-z0-9.-]+$/.test(host) ? host : `"${host.replace(/["\\]/g, '\\$&')}"`}`
  return `for=${node};by=_${by}${named};proto=https`
}

/** Whether the request has passed this proxy before: its pseudonym stands in `Via` as a received-by. */
export function hasPassed(via: string | undefined, pseudonym: string): boolean {
  if (via === undefined) return false
  return via.split(',').some((hop) => hop.trim().split(/\s+/)[1] === pseudonym)
}

/** W3C Trace Context: a new trace, sampled by nobody yet, whose id is the exchange's, so that either finds the other. */
function newTraceparent(exchange: string): string {
  return `00-${exchange}-${exchange.slice(16)}-00`
}
