import { setTimeout as pause } from 'node:timers/promises'
import { AuditUnavailable } from '../../../src/audit/audit-trail.ts'
import type { AuditEntry } from '../../../src/audit/entry.ts'
import type { IndexedExchange } from '../../../src/audit/index/indexed.ts'
import type { PartyLook } from '../../../src/audit/index/lookups.ts'
import type { Start } from '../../../src/checks/check-needs.ts'
import { type Clock, systemClock } from '../../../src/lib/clock.ts'
import { type LookParts, lookAtExchange } from '../../../src/proxy/exchange-look.ts'
import type { AdmittedLook } from '../../../src/proxy/look-admission.ts'
import type { ExchangeEnd } from '../../../src/proxy/observers.ts'
import type { Refusal } from '../../../src/spine/refusal.ts'

const start = {
  ...{ exchange: '0123456789abcdef0123456789abcdef', at: 1, started: 0, method: 'GET', rawTarget: '/ssp/exchanges/4f0c', rawHeaders: [] },
  ...{ headers: new Map(), httpVersion: '1.1', registry: { system: () => ({ kind: 'unknown' }) } },
  connection: { address: '192.0.2.7', tlsProtocol: 'TLSv1.3', tlsCipher: 'x', tlsResumed: false },
  form: { exchangeSought: '4f0c', body: { kind: 'none' }, connectionNames: [] },
} as unknown as Start

/** Makes a look whose index and audit do as told; gives back all that was said, recorded, told and released. */
async function looked(look: PartyLook, clock: Clock = systemClock) {
  let released = 0
  const said: { refusal?: Refusal; json?: string; headers?: readonly string[]; at?: number }[] = []
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
    clock,
  }
  const leg = {
    fault: undefined,
    refuse: (refusal: Refusal, headers: readonly string[]) => void said.push({ refusal, headers, at: clock.elapsed() }),
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
  expect(said).toMatchObject([{ refusal }])
  expect(recorded).toEqual([expect.objectContaining({ type: 'refused', code: refusal.code, rule: refusal.rule })])
  expect(ended).toEqual([expect.objectContaining({ status: refusal.status, end: 'refused' })])
  expect(released).toBe(1)
})

test.each([
  ['is unknown', 3, undefined],
  ['is another’s', 190, { exchange: '4f0c', from: '200000000359', fromOrganisation: 'A1' }],
])(
  'O10: an exchange that %s is answered a whole step behind the arrival, and what it took to find nothing is not told',
  async (_what, ms, found) => {
    const begun = performance.now()
    const clock: Clock = { now: Date.now, elapsed: () => performance.now() - begun }
    const { said } = await looked(async () => {
      await pause(ms)
      return found as IndexedExchange | undefined
    }, clock)
    expect(said).toMatchObject([{ refusal: { code: 'EXCHANGE_UNKNOWN', status: 404 } }])
    const [{ at = 0, headers = [] } = {}] = said
    // Behind the step by what the machine takes, never before it.
    expect(at % 250).toBeLessThan(125)
    expect(at).toBeGreaterThanOrEqual(250)
    const timing = headers[headers.indexOf('Server-Timing') + 1] ?? ''
    expect(timing).toMatch(/^ssp-total;dur=\d+(?:\.0+)?$/)
    expect(Number(/dur=([\d.]+)/.exec(timing)?.[1]) % 250).toBe(0)
  },
)
