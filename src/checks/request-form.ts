import { type Fault, type Refusal, refuse } from '../spine/refusal.ts'
import type { Start } from './check-needs.ts'

/** What row 5 proves: the four headers and the token have the right form. Whether they are true is for the later rows. */
export interface WellFormed {
  readonly traceId: string
  readonly from: string
  readonly to: string
  readonly interactionId: string
  /** The compact token behind `Bearer`. */
  readonly token: string
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const asid = /^[0-9]{12}$/
const printable = /^[\x21-\x7e]{1,255}$/
const bearer = /^bearer +([^ ]+)$/i

/** Row 5. All faults at once: finding them one by one was the field's complaint (GH#113). */
export const requestForm = {
  name: 'request-form',
  summary: 'Ssp-TraceID, Ssp-From, Ssp-To, Ssp-InteractionID and Authorization are there and have the right form.',
  modes: ['enforce'],
  codes: ['BAD_REQUEST'],
  create: () => decide,
} as const

function decide({ headers }: Start): WellFormed | Refusal {
  const traceId = headers.get('ssp-traceid')
  const from = headers.get('ssp-from')
  const to = headers.get('ssp-to')
  const interactionId = headers.get('ssp-interactionid')
  const token = bearerToken(headers.get('authorization'))
  if (
    traceId !== undefined &&
    uuid.test(traceId) &&
    from !== undefined &&
    asid.test(from) &&
    to !== undefined &&
    asid.test(to) &&
    interactionId !== undefined &&
    printable.test(interactionId) &&
    token !== undefined
  )
    return { traceId, from, to, interactionId, token }
  const faults = [
    ...fault('Ssp-TraceID', traceId, uuid, 'must be a UUID, new for each request'),
    ...fault('Ssp-From', from, asid, "must be the sending system's ASID: 12 digits"),
    ...fault('Ssp-To', to, asid, "must be the receiving system's ASID: 12 digits"),
    ...fault('Ssp-InteractionID', interactionId, printable, 'must be an interaction id, without spaces'),
    ...fault('Authorization', headers.get('authorization'), bearer, 'must be "Bearer", a space and the audit token'),
  ]
  return refuse('request-form', 'BAD_REQUEST', { reason: faults.map((one) => `${one.header}: ${one.detail}`).join('; '), faults })
}

/** The usual spelling is read without a pattern: tokens are long. */
function bearerToken(authorization: string | undefined): string | undefined {
  if (authorization?.startsWith('Bearer ') && authorization.length > 7 && !authorization.includes(' ', 7)) return authorization.slice(7)
  return bearer.exec(authorization ?? '')?.[1]
}

function fault(header: string, value: string | undefined, form: RegExp, detail: string): readonly Fault[] {
  if (value === undefined || value === '') return [{ header, detail: `${header} is missing: it ${detail}` }]
  return form.test(value) ? [] : [{ header, detail: `${header} ${detail}` }]
}
