import { isLook, type WireForm } from '../spine/arrival.ts'
import { type Refusal, refuse } from '../spine/refusal.ts'
import type { Start } from './check-needs.ts'

const rule = 'wire-form'

/** Whoever reads verdicts is answered by the proxy itself; here nothing may come of it. */
const looksNowhere = refuse(rule, 'MALFORMED_REQUEST', {
  reason: 'the request target names an exchange and no provider',
  faults: [{ detail: 'the request target names an exchange and no provider' }],
})

/** Row 1. The reading itself is `spine/wire-form.ts`; this makes it the first entry of the list. */
export const wireForm = {
  name: rule,
  summary: 'The request has one framing, one meaning for each deciding header, and one clean URL as its target.',
  modes: ['enforce'],
  codes: [
    'MALFORMED_REQUEST',
    'REQUEST_TIMEOUT',
    'URI_TOO_LONG',
    'EXPECTATION_FAILED',
    'HEADERS_TOO_LARGE',
    'NOT_IMPLEMENTED',
    'VERSION_NOT_SUPPORTED',
  ],
  create: () => decide,
} as const

function decide({ form }: Start): WireForm | Refusal {
  return isLook(form) ? looksNowhere : form
}
