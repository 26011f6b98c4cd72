import { STATUS_CODES } from 'node:http'
import { renderOutcome } from '../spine/operation-outcome.ts'
import { type Refusal, refusals } from '../spine/refusal.ts'
import { mediaTypeOf, negotiateRepresentation } from '../spine/representation.ts'

/** What decides how a refusal is written. */
export interface Asked {
  readonly method: string
  readonly target: string
  readonly accept: string | undefined
  readonly contentType: string | undefined
  /** The exchange id in UUID form is the OperationOutcome's id. */
  readonly exchange: string
}

/** RFC 6797, a year: the provider's own value would act on this origin, so ours is the only one. */
export const strictTransportSecurity = ['Strict-Transport-Security', 'max-age=31536000'] as const

/** Statuses of the national service that Node has no phrase for. */
const ownPhrases: Readonly<Record<number, string>> = {
  495: 'SSL Certificate Error',
  496: 'SSL Certificate Required',
  599: 'Network Connect Timeout Error',
}

/** The reason phrase of a status. */
export function phraseOf(status: number): string {
  return ownPhrases[status] ?? STATUS_CODES[status] ?? 'Unknown'
}

/** A whole answer of our own, a refusal most often, as it goes on the wire. */
export interface WrittenRefusal {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

/** Writes a refusal: a FHIR body by negotiation, never cached. */
export function writeRefusal(refusal: Refusal, ours: readonly string[], asked: Asked): WrittenRefusal {
  const common = [...strictTransportSecurity, ...refusal.headers, ...ours]
  if (refusal.status === 200) return { status: 200, headers: [...common, 'Content-Length', '0'], body: '' }
  const { target, accept } = asked
  const representation = negotiateRepresentation(target, accept, asked.contentType)
  const contentType = mediaTypeOf(representation, target, accept, asked.contentType)
  const body = renderOutcome(refusal, refusals[refusal.code].issue, uuidOf(asked.exchange), representation)
  const headers = ['Content-Type', contentType, 'Content-Length', String(Buffer.byteLength(body)), 'Cache-Control', 'no-store', ...common]
  return { status: refusal.status, headers, body: asked.method === 'HEAD' ? '' : body }
}

/** Writes an answer of the proxy's own: 200, JSON, never cached. */
export function writeJson(json: string, ours: readonly string[]): WrittenRefusal {
  const length = String(Buffer.byteLength(json))
  const headers = ['Content-Type', 'application/json', 'Content-Length', length, 'Cache-Control', 'no-store', ...strictTransportSecurity]
  return { status: 200, headers: [...headers, ...ours], body: json }
}

function uuidOf(exchange: string): string {
  return `${exchange.slice(0, 8)}-${exchange.slice(8, 12)}-${exchange.slice(12, 16)}-${exchange.slice(16, 20)}-${exchange.slice(20)}`
}
