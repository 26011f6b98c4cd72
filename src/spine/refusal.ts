import type { Origin } from './origin.ts'
import type { Suspicion } from './suspicion.ts'

/** What a refusal code means on the wire: its HTTP status, FHIR issue type, fault domain, and text with `{…}` to be filled in. */
export interface PublicRefusal {
  readonly status: number
  readonly issue: string
  readonly text: string
  readonly origin: Origin
  /** The connection is closed after the answer, whatever was read of the request. */
  readonly closes?: true
}

/**
 * Every answer with which this proxy refuses. It is the contract with the callers: texts of the national service
 * are kept to the letter (the error table of the GP Connect specification), ours have the same shape.
 */
export const refusals = {
  BAD_REQUEST: { status: 400, issue: 'invalid', text: 'BAD_REQUEST', origin: 'consumer' },
  MALFORMED_REQUEST: { status: 400, issue: 'invalid', text: 'BAD_REQUEST', origin: 'consumer', closes: true },
  REQUEST_TIMEOUT: { status: 408, issue: 'timeout', text: 'REQUEST_TIMEOUT', origin: 'consumer-network', closes: true },
  URI_TOO_LONG: { status: 414, issue: 'too-long', text: 'URI_TOO_LONG', origin: 'consumer', closes: true },
  EXPECTATION_FAILED: { status: 417, issue: 'not-supported', text: 'EXPECTATION_FAILED', origin: 'consumer', closes: true },
  HEADERS_TOO_LARGE: { status: 431, issue: 'too-long', text: 'REQUEST_HEADER_FIELDS_TOO_LARGE', origin: 'consumer', closes: true },
  NOT_IMPLEMENTED: { status: 501, issue: 'not-supported', text: 'NOT_IMPLEMENTED', origin: 'consumer', closes: true },
  VERSION_NOT_SUPPORTED: { status: 505, issue: 'not-supported', text: 'HTTP_VERSION_NOT_SUPPORTED', origin: 'consumer', closes: true },
  NO_CERTIFICATE: { status: 496, issue: 'forbidden', text: 'ACCESS_DENIED_SSL', origin: 'consumer', closes: true },
  BAD_CERTIFICATE: { status: 495, issue: 'forbidden', text: 'ACCESS_DENIED_SSL', origin: 'consumer', closes: true },
  ACCESS_DENIED: { status: 403, issue: 'forbidden', text: 'ACCESS_DENIED', origin: 'policy' },
  /** No fault: the proxy's own answer to OPTIONS, which is never forwarded. */
  OPTIONS_ANSWERED: { status: 200, issue: 'informational', text: 'OK', origin: 'none' },
  METHOD_NOT_ALLOWED: { status: 405, issue: 'forbidden', text: '405: Method Not Allowed', origin: 'consumer' },
  UNKNOWN_METHOD: { status: 501, issue: 'not-supported', text: 'NOT_IMPLEMENTED', origin: 'consumer', closes: true },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, issue: 'not-supported', text: 'Unsupported_Media_Type', origin: 'consumer' },
  SENDER_NOT_ACCREDITED: { status: 403, issue: 'forbidden', text: 'ASID_CHECK_FAILED_MESSAGESENDER_{from}', origin: 'policy' },
  RECEIVER_NOT_ACCREDITED: {
    status: 403,
    issue: 'forbidden',
    text: 'PARTYKEY_INTERACTION_CHECK_FAILED_MESSAGERECEIVER_{to}',
    origin: 'policy',
  },
  NOT_SHARED: { status: 403, issue: 'forbidden', text: 'FOT_CHECK_FAILED_MESSAGESENDER_{from}_MESSAGERECEIVER_{to}', origin: 'policy' },
  ENDPOINT_VARIES: {
    status: 400,
    issue: 'invalid',
    text: 'ENDPOINT_{registered}_CPAID_{cpa}_VARIES_FROM_TARGETURL_{target}',
    origin: 'consumer',
  },
  INVALID_RESOURCE: { status: 422, issue: 'invalid', text: 'INVALID_RESOURCE', origin: 'consumer' },
  TOO_MANY_REQUESTS: { status: 429, issue: 'throttled', text: 'TOO_MANY_REQUESTS', origin: 'consumer' },
  PROVIDER_BUSY: { status: 503, issue: 'transient', text: 'PROVIDER_BUSY', origin: 'provider' },
  PROVIDER_UNAVAILABLE: { status: 503, issue: 'transient', text: 'PROVIDER_UNAVAILABLE', origin: 'provider' },
  LOOP_DETECTED: { status: 508, issue: 'processing', text: 'LOOP_DETECTED', origin: 'policy' },
  PROVIDER_UNREACHABLE: {
    status: 502,
    issue: 'transient',
    text: 'ERROR_COMMUNICATING_TO_ENDPOINT_URL_{target}',
    origin: 'provider-network',
  },
  PROVIDER_TIMEOUT: { status: 504, issue: 'timeout', text: 'TIMEOUT_COMMUNICATING_TO_ENDPOINT_URL_{target}', origin: 'provider' },
  /** Alike for an exchange that is not known, not indexed yet, another's, or of nobody who has proven who it is (O10). */
  EXCHANGE_UNKNOWN: { status: 404, issue: 'not-found', text: 'EXCHANGE_UNKNOWN', origin: 'consumer' },
  REGISTRY_UNAVAILABLE: { status: 503, issue: 'transient', text: 'REGISTRY_UNAVAILABLE', origin: 'proxy' },
  AUDIT_UNAVAILABLE: { status: 503, issue: 'transient', text: 'AUDIT_UNAVAILABLE', origin: 'proxy' },
  INDEX_UNAVAILABLE: { status: 503, issue: 'transient', text: 'INDEX_UNAVAILABLE', origin: 'proxy' },
  /** A process that stood still, and has not heard yet who was locked out meanwhile. */
  LOCKOUTS_UNKNOWN: { status: 503, issue: 'transient', text: 'SERVICE_UNAVAILABLE', origin: 'proxy', closes: true },
  SHUTTING_DOWN: { status: 503, issue: 'transient', text: 'SERVICE_UNAVAILABLE', origin: 'proxy', closes: true },
  INTERNAL_SERVER_ERROR: { status: 500, issue: 'exception', text: 'INTERNAL_SERVER_ERROR', origin: 'proxy', closes: true },
} as const satisfies Record<string, PublicRefusal>

/** The name of a refusal in this program; several may share a status and text. */
export type RefusalCode = keyof typeof refusals

/** One thing that is wrong with a request. `header` is the header's name where one is at fault. */
export interface Fault {
  readonly header?: string
  /** What was expected, in words fit for the caller's developer: no value of the request, nothing about our insides. */
  readonly detail: string
}

/** The decision not to forward, or not to go on: a value, and the only thing besides an answer that leaves an exchange. */
export interface Refusal {
  readonly kind: 'refusal'
  readonly code: RefusalCode
  /** The name of the check, or of the provider leg's part, that decided. */
  readonly rule: string
  readonly origin: Origin
  readonly status: number
  /** The code's text with its values filled in: `display` and `diagnostics` of the answer. */
  readonly text: string
  /** Where several things are wrong, each of them; one issue each in the answer. */
  readonly faults: readonly Fault[]
  /** For the audit trail and the help desk: what was expected and what was found. Never sent to a caller. */
  readonly reason: string
  readonly closes: boolean
  /** What it tells about the sender; absent where an honest one may be refused so. */
  readonly suspicion?: Suspicion
  /** Headers that the answer carries besides the usual ones: name, value, name, value … */
  readonly headers: readonly string[]
  /** What it was decided by is about to be known better: asked again once this has resolved, it may be another. Never rejects. */
  readonly settles?: Promise<void>
}

/** What may be said about a refusal beyond its code. */
export interface RefusalDetails {
  readonly reason: string
  readonly values?: Readonly<Record<string, string>>
  readonly faults?: readonly Fault[]
  readonly origin?: Origin
  readonly status?: number
  readonly closes?: boolean
  readonly suspicion?: Suspicion
  readonly headers?: readonly string[]
  readonly settles?: Promise<void>
}

/** Makes a refusal. Values are put into the code's text; a value that the text does not name is an error of the caller's code. */
export function refuse(rule: string, code: RefusalCode, details: RefusalDetails): Refusal {
  const meaning: PublicRefusal = refusals[code]
  return {
    kind: 'refusal',
    code,
    rule,
    origin: details.origin ?? meaning.origin,
    status: details.status ?? meaning.status,
    text: fill(meaning.text, details.values),
    faults: details.faults ?? [],
    reason: details.reason,
    closes: details.closes ?? meaning.closes === true,
    headers: details.headers ?? [],
    ...(details.suspicion !== undefined && { suspicion: details.suspicion }),
    ...(details.settles !== undefined && { settles: details.settles }),
  }
}

/** Tells a refusal from evidence. */
export function isRefusal(value: object): value is Refusal {
  return (value as { kind?: unknown }).kind === 'refusal'
}

function fill(text: string, values: Readonly<Record<string, string>> | undefined): string {
  return text.includes('{') ? text.replace(/\{(\w+)\}/g, (_, name: string) => values?.[name] ?? '') : text
}
