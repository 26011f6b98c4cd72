import { toldOfEnd } from '../../../../src/audit/index/told-of-end.ts'
import type { StoredEntry } from '../../../../src/audit/stored-entry.ts'
import { sampleOutcome, sampleRefused } from '../../../support/audit-entries.ts'
import { newExchangeId } from '../../../support/index-rows.ts'

type Refused = Extract<StoredEntry, { readonly type: 'refused' }>
type Outcome = Extract<StoredEntry, { readonly type: 'outcome' }>
const refused = (change: object) => sampleRefused(newExchangeId(), change) as Refused
const outcome = (change: object) => sampleOutcome(newExchangeId(), change) as Outcome
const proven = { organisations: { from: 'T77777' } }

test('the verdict’s name, the phases to the microsecond, and what a party may be told', () => {
  const entry = refused({ ...proven, verdict: 'SSP_HEADERS_INVALID', rule: 'request-form', phases: { admission: 0.123_456, total: 2 } })
  expect(toldOfEnd(entry)).toEqual({
    verdict: 'SSP_HEADERS_INVALID',
    found: 'Ssp-To is missing',
    phases: { admission: 0.123, total: 2 },
  })
})

test('what was found on the provider’s leg is the provider’s to know', () => {
  const end = { rule: 'provider-exchange', origin: 'provider', reason: 'the provider fell silent within its answer' }
  expect(toldOfEnd(outcome(end))?.found).toBe(end.reason)
})

test.each([
  ['who is locked out', { rule: 'lockout', origin: 'policy', reason: 'locked out by 4 (asid): key stolen' }],
  ['whose an ASID is', { rule: 'identity-binding', origin: 'consumer', reason: 'pinned to another certificate' }],
  ['what is wrong with the proxy', { rule: 'request-form', origin: 'proxy', reason: 'x is undefined' }],
  ['limits of others', { rule: 'throttle', origin: 'policy', reason: 'provider 918999198993 is over 5 calls at once' }],
  ['what a circuit says', { rule: 'provider-capacity', origin: 'provider', reason: 'the circuit to p.nhs.uk is open' }],
])('a reason that is for operators alone stays in the log: %s', (_what, end) => {
  expect(toldOfEnd(refused({ ...proven, ...end }))).toBeUndefined()
  expect(toldOfEnd(outcome({ ...end, phases: { total: 1 } }))).toEqual({ phases: { total: 1 } })
})

test('the certificate stands there only where nothing else tells whose call it was', () => {
  const { consumer } = refused({})
  expect(toldOfEnd(refused({}))?.certificate).toBe(consumer.certificateSha256)
  expect(toldOfEnd(refused(proven))?.certificate).toBeUndefined()
  expect(toldOfEnd(refused({ consumer: { address: '192.0.2.7' } }))?.certificate).toBeUndefined()
})
