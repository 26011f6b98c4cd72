import { AuditUnavailable } from '../../../src/audit/audit-trail.ts'
import type { AuditEntry } from '../../../src/audit/entry.ts'
import type { PartyLook } from '../../../src/audit/index/lookups.ts'
import type { Start } from '../../../src/checks/check-needs.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { type LookParts, lookAtExchange } from '../../../src/proxy/exchange-look.ts'
import type { AdmittedLook } from '../../../src/proxy/look-admission.ts'
import type { ExchangeEnd } from '../../../src/proxy/observers.ts'
import type { Refusal } from '../../../src/spine/refusal.ts'

const start = {
  ...{ exchange: '0123456789abcdef0123456789abcdef', at: 1, started: 0, method: 'GET', rawTarget: '/ssp/exchanges/4f0c', rawHeaders: [] },
  ...{ headers: new Map(), httpVersion: '1.1', registry: {} },
  connection: { address: '192.0.2.7', tlsProtocol: 'TLSv1.3', tlsCipher: 'x', tlsResumed: false },
  form: { exchangeSought: '4f0c', body: { kind: 'none' }, connectionNames: [] },
} as unknown as Start

/** Makes a look whose index and audit do as told; gives back all that was said, recorded, told and released. */
async function looked(look: PartyLook) {
  let released = 0
  const said: { refusal?: Refusal; json?: string }[] = []
  const recorded: AuditEntry[] = []
  const ended: ExchangeEnd[] = []
  const evidence = {
    ...{ ...start, exchangeSought: '4f0c', certificate: { sha256: 'ab', subject: 'CN=x', names: [] } },
    holding: { release: () => void released++ },
  } as unknown as AdmittedLook
  const parts: LookParts = {
    admit: () => ({ admitted: true, evidence, observed: [] }),
    look,
    lockouts: { find: () => undefined },
    audit: { refused: (call) => recorded.push(call.entry()) > 0 },
    observer: { began: () => undefined, ended: (end) => void ended.push(end) },
    clock: systemClock,
  }
  const leg = {
    fault: undefined,
    refuse: (refusal: Refusal) => void said.push({ refusal }),
    answerJson: (json: string) => void said.push({ json }),
  }
  await lookAtExchange(start, leg, parts)
  return { said, recorded, ended, released }
}

test.each([
  [new AuditUnavailable('the disk is full'), { code: 'AUDIT_UNAVAILABLE', status: 503, rule: 'audit' }],
  [new Error('nobody foresaw this'), { code: 'INTERNAL_SERVER_ERROR', status: 500, rule: 'unforeseen' }],
])('where the look ends with %s nothing is shown, it is on record, and what it held is free again', async (error, refusal) => {
  const { said, recorded, ended, released } = await looked(() => Promise.reject(error))
  expect(said).toEqual([{ refusal: expect.objectContaining(refusal) }])
  expect(recorded).toEqual([expect.objectContaining({ type: 'refused', code: refusal.code, rule: refusal.rule })])
  expect(ended).toEqual([expect.objectContaining({ status: refusal.status, end: 'refused' })])
  expect(released).toBe(1)
})
