import type { IndexedExchange } from '../../../src/audit/index/indexed.ts'
import { exchangeView } from '../../../src/proxy/exchange-view.ts'

const row = {
  ...{ exchange: '0'.repeat(32), log: 'a/main', record: 3, outcomeRecord: 5, place: '0:0', at: 0, ended: 60_000, forwarded: true },
  ...{ address: '192.0.2.7', url: 'https://p/{root}/Patient', from: '200000000001', to: '200000000002' },
} as const

const phases = { admission: 1, provider: 2, total: 4 }

function shown(one: object, told?: object): IndexedExchange {
  return { ...row, ...one, ...(told !== undefined && { told: { phases, ...told } }) } as unknown as IndexedExchange
}

const timedOut = { end: 'refused', status: 504, rule: 'provider-exchange', origin: 'provider' }
const late = { verdict: 'PROVIDER_TIMEOUT', found: 'the provider did not begin its answer in time' }

test('a provider is told what was found on its own leg, the consumer whose doing it was', () => {
  const provider = exchangeView(shown(timedOut, late), 'provider')
  expect(provider.verdict).toMatchObject({ code: 'PROVIDER_TIMEOUT', who: 'provider', found: late.found })
  expect(provider).toMatchObject({ phases: { provider: 2 }, receipt: { log: 'a/main', index: 3, outcome: 5 } })
  expect(provider).not.toHaveProperty('status')
  const consumer = exchangeView(shown(timedOut, late), 'consumer')
  expect(consumer).toMatchObject({ status: 504, phases: { total: 4 }, verdict: { code: 'PROVIDER_TIMEOUT', retry: 'later' } })
  expect(consumer.verdict).not.toHaveProperty('found')
})

test.each([
  ['lockout', 'policy', 'ACCESS_DENIED', 'locked out by 4 (asid): key stolen'],
  ['identity-binding', 'consumer', 'CERTIFICATE_NOT_BOUND', '200000000001 is pinned to another certificate'],
  ['receiver-interaction', 'proxy', 'REGISTRY_UNAVAILABLE', 'the record of 200000000002 is set aside: two endpoints'],
  ['unforeseen', 'proxy', 'INTERNAL_SERVER_ERROR', 'TypeError: x is undefined'],
  ['provider-exchange', 'policy', 'PROVIDER_ADDRESS_FORBIDDEN', 'the address is private (10.1.2.3)'],
  ['provider-exchange', 'provider-network', 'PROVIDER_UNREACHABLE', 'connect ECONNREFUSED 10.1.2.3:443'],
])('what %s of origin %s found is not told to the consumer', (rule, origin, verdict, reason) => {
  const view = exchangeView(shown({ end: 'refused', status: 403, rule, origin }, { verdict, found: reason }), 'consumer')
  expect(view.verdict).toMatchObject({ code: verdict, rule, origin })
  expect(JSON.stringify(view)).not.toContain(reason)
})

test.each([
  ['data-sharing', 'policy', 'NOT_SHARED'],
  ['wire-form', 'consumer', 'MALFORMED_REQUEST'],
  ['provider-exchange', 'consumer-network', 'CONSUMER_GONE'],
  ['provider-exchange', 'policy', 'PROVIDER_ADDRESS_FORBIDDEN'],
])('what %s of origin %s found is not told to the provider', (rule, origin, verdict) => {
  const view = exchangeView(shown({ end: 'aborted', rule, origin }, { verdict, found: 'found so' }), 'provider')
  expect(JSON.stringify(view)).not.toContain('found so')
})

test('neither address nor URL is shown to anybody', () => {
  for (const party of ['consumer', 'provider'] as const)
    expect(JSON.stringify(exchangeView(shown(timedOut, late), party))).not.toMatch(/192\.0\.2\.7|https:/)
})

test.each([
  [{ end: 'complete', status: 404, rule: 'provider-exchange', origin: 'provider' }, 'PROVIDER_ANSWERED_REFUSAL'],
  [{ end: 'refused', forwarded: false, code: 'BAD_REQUEST', rule: 'request-form', origin: 'consumer' }, 'SSP_HEADERS_INVALID'],
  [{ end: 'refused', forwarded: false, code: 'A_CODE_OF_LATER', rule: 'x', origin: 'consumer' }, undefined],
  [{ end: 'aborted', status: 200, rule: 'provider-exchange', origin: 'provider' }, undefined],
])('of %j, recorded before verdicts had names, the verdict is told where there is no doubt of it', (one, code) => {
  const view = exchangeView(shown(one), 'consumer')
  expect(view.verdict?.code).toBe(code)
})

test('while a call is under way it has neither end nor verdict', () => {
  const { ended: _none, outcomeRecord: _neither, ...begun } = row
  const view = exchangeView({ ...begun, end: 'open' }, 'provider')
  expect(view).toEqual({
    ...{ exchange: row.exchange, party: 'provider', began: '1970-01-01T00:00:00.000Z', end: 'open' },
    ...{ request: { from: row.from, to: row.to }, receipt: { log: 'a/main', index: 3 } },
  })
})
