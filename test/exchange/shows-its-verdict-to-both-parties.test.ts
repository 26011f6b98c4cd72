import { randomUUID, X509Certificate } from 'node:crypto'
import { callControl } from '../../src/ops/control-client.ts'
import type { ExchangeView } from '../../src/proxy/exchange-view.ts'
import { askForVerdict } from '../support/ask-for-verdict.ts'
import type { Issued } from '../support/certificate-authority.ts'
import { type Answer, call } from '../support/consumer.ts'
import { everyRefusalRecorded, refusedRecord } from '../support/expect-refusal.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({
    settings: everyRefusalRecorded,
    sharingRules: [
      { reference: 'TEST-1', effect: 'allow', from: { asid: world.consumer.asid }, to: { asid: world.provider.asid }, interactions: ['*'] },
    ],
  })
})
afterAll(() => here.close())

/** Asks here, as the consumer unless told otherwise; without `Accept` unless one is given. */
function ask(
  id: string,
  as: Issued | null = here.certificates.consumer,
  { method, accept }: { method?: string; accept?: string } = {},
): Promise<Answer> {
  return askForVerdict(here, id, as, { ...(method !== undefined && { method }), headers: { Accept: accept } })
}

/** What a party is shown, once it is indexed with its end. */
async function shownTo(as: Issued, id: string): Promise<ExchangeView> {
  let answer: Answer | undefined
  await until('the exchange is shown', async () => {
    answer = await ask(id, as)
    return answer.status === 200 && (JSON.parse(answer.body.toString()) as ExchangeView).end !== 'open'
  })
  return JSON.parse((answer as Answer).body.toString())
}

/** What of a 404 could tell one from another: all but what is new in each answer. */
function told(answer: Answer) {
  const id = answer.exchange.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  const timing = String(answer.headers['server-timing'])
  const names = answer.rawHeaders.filter((_, at) => at % 2 === 0)
  return {
    status: answer.status,
    names,
    retryAfter: answer.headers['retry-after'],
    length: answer.headers['content-length'],
    verdict: { ...answer.verdict, code: answer.code },
    timed: timing.replaceAll(/=[0-9.]+/g, ''),
    body: answer.body.toString().replace(id, 'ID'),
  }
}

test('its consumer sees a call that passed in full, and nothing that names a person', async () => {
  const trace = randomUUID()
  const passed = await call(here, { headers: { 'Ssp-TraceID': trace } })
  const shown = await shownTo(here.certificates.consumer, passed.exchange)
  expect(shown).toEqual({
    exchange: passed.exchange,
    party: 'consumer',
    began: expect.stringMatching(/^\d{4}-.*Z$/),
    ended: expect.stringMatching(/^\d{4}-.*Z$/),
    end: 'complete',
    verdict: {
      code: 'ANSWERED',
      origin: 'none',
      rule: 'provider-exchange',
      expected: expect.any(String),
      retry: 'needless',
      who: 'nobody',
      next: expect.any(String),
    },
    request: { traceId: trace, from: world.consumer.asid, to: world.provider.asid, interaction: world.searchPatient, method: 'GET' },
    status: 200,
    providerStatus: 200,
    phases: expect.objectContaining({ admission: expect.any(Number), provider: expect.any(Number), total: expect.any(Number) }),
    bytes: { request: 0, response: passed.body.length },
    receipt: { log: 'test/main', index: expect.any(Number), outcome: expect.any(Number) },
  })
  const answer = await ask(passed.exchange)
  expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' })
  expect({ code: answer.code, ...answer.verdict }).toEqual({ code: 'EXCHANGE_SHOWN', origin: 'none', rule: 'exchange-look' })
  expect(answer.body.toString()).not.toMatch(/9990000018|Patient\?|eyJ/)
})

test('its provider sees what was sent to it and its own leg, and neither what the consumer was answered nor phases that are not its own', async () => {
  const passed = await call(here)
  const shown = await shownTo(here.certificates.provider, passed.exchange)
  expect(shown).toMatchObject({
    party: 'provider',
    verdict: { code: 'ANSWERED' },
    request: { to: world.provider.asid },
    providerStatus: 200,
    bytes: { response: passed.body.length },
    receipt: { log: 'test/main' },
  })
  expect(Object.keys(shown.phases ?? {})).toEqual(['provider'])
  expect(shown).not.toHaveProperty('status')
})

test('its consumer sees why a call was refused, what helps and who must act; the provider, to whom nothing was sent, knows nothing of it', async () => {
  const refused = await call(here, { interaction: 'urn:nhs:names:services:gpconnect:fhir:rest:search:nothing-1' })
  const shown = await shownTo(here.certificates.consumer, refused.exchange)
  expect(shown).toMatchObject({
    end: 'refused',
    status: 403,
    verdict: {
      code: 'SENDER_NOT_ACCREDITED',
      origin: 'policy',
      rule: 'sender-interaction',
      found: expect.stringContaining('search:nothing-1 is not among them'),
      retry: 'after-change',
      who: 'registrar',
    },
  })
  expect(shown).not.toHaveProperty('receipt')
  expect((await ask(refused.exchange, here.certificates.provider)).status).toBe(404)
})

test('a call that was refused before its sender was proven is seen by the certificate that made it, as far as that speaks for the sender', async () => {
  const refused = await call(here, { headers: { 'Ssp-To': '12' } })
  expect(await shownTo(here.certificates.consumer, refused.exchange)).toMatchObject({ verdict: { code: 'SSP_HEADERS_INVALID' } })
  expect((await ask(refused.exchange, here.certificates.provider)).status).toBe(404)
})

test('who is locked out, by what and why, is not in the verdict that is shown', async () => {
  const made = await callControl(here.proxy.socketPath, 'POST', '/lockouts', { asid: world.consumer.asid, reason: 'key stolen' })
  const { id } = made.body as { id: string }
  const refused = await call(here)
  await callControl(here.proxy.socketPath, 'DELETE', `/lockouts/${id}`)
  const shown = await shownTo(here.certificates.consumer, refused.exchange)
  expect(shown.verdict).toMatchObject({ code: 'ACCESS_DENIED', rule: 'lockout' })
  expect(JSON.stringify(shown)).not.toMatch(/stolen|asid\)|found/)
})

test('O10: an exchange that is another’s, unknown, claimed by an impostor, or named by its trace id is answered 404, all alike', async () => {
  const trace = randomUUID()
  const passed = await call(here, { headers: { 'Ssp-TraceID': trace } })
  // The stranger says that it is the consumer.
  const claimed = await call(here, { as: here.certificates.stranger })
  expect(claimed.code).toBe('CERTIFICATE_NOT_BOUND')
  await shownTo(here.certificates.consumer, passed.exchange)
  await until('the claimed call is indexed', async () => {
    const { status } = await callControl(here.proxy.socketPath, 'GET', `/exchanges/${claimed.exchange}`)
    return status === 200
  })
  const { consumer, stranger } = here.certificates
  const unknown = told(await ask('0'.repeat(32), stranger))
  expect(unknown).toMatchObject({
    status: 404,
    // How long it took would tell what was read.
    timed: 'ssp-total;dur',
    retryAfter: '1',
    verdict: { code: 'EXCHANGE_UNKNOWN', rule: 'exchange-look', origin: 'consumer' },
  })
  for (const [id, as] of [
    [passed.exchange, stranger],
    [passed.exchange.toUpperCase(), consumer],
    [claimed.exchange, consumer],
    [claimed.exchange, stranger],
    [trace, consumer],
    [trace.replaceAll('-', ''), consumer],
  ] as const)
    expect(told(await ask(id, as))).toEqual(unknown)
})

test('O10: a call that has just ended is told apart from no other by Retry-After', async () => {
  const { exchange } = await call(here)
  const { consumer, stranger } = here.certificates
  const [foreign, unknown] = [told(await ask(exchange, stranger)), told(await ask('f'.repeat(32), consumer))]
  expect(foreign).toEqual(unknown)
  expect((await shownTo(consumer, exchange)).exchange).toBe(exchange)
})

test('each look is in the audit before it is answered, with who looked', async () => {
  const sought = '1'.repeat(32)
  await ask(sought, here.certificates.stranger)
  const sha256 = new X509Certificate(here.certificates.stranger.certificatePem).fingerprint256.replaceAll(':', '').toLowerCase()
  const looks = here.audit().filter((entry) => entry.type === 'operation' && entry.detail['exchange'] === sought)
  expect(looks).toEqual([
    expect.objectContaining({
      act: 'exchange-look',
      actor: expect.stringMatching(new RegExp(`^party ${sha256} .*other\\.thirdparty\\.nhs\\.uk`)),
      detail: { exchange: sought, personal: false },
    }),
  ])
})

test('what has not the form of an id is written nowhere', async () => {
  const answer = await ask('9990000018')
  expect(answer.status).toBe(404)
  await until('the look is recorded', () =>
    here.audit().some((entry) => entry.type === 'operation' && entry.detail['exchange'] === 'no exchange id'),
  )
  expect(JSON.stringify(here.audit().filter((entry) => entry.type === 'operation'))).not.toContain('9990000018')
})

test.each<readonly [string, () => Issued | null, number, string, string]>([
  ['without a certificate', () => null, 496, 'NO_CERTIFICATE', 'client-certificate'],
  ['with one that has expired', () => here.certificates.badExpired, 495, 'BAD_CERTIFICATE', 'client-certificate'],
  ['with one that is revoked', () => here.certificates.badRevoked, 495, 'BAD_CERTIFICATE', 'client-certificate'],
])('whoever asks %s is refused as by row 2, before anything is looked for', async (_how, as, status, code, rule) => {
  const sought = randomUUID().replaceAll('-', '')
  const answer = await ask(sought, as())
  expect({ status: answer.status, code: answer.code, rule: answer.verdict.rule }).toEqual({ status, code, rule })
  await refusedRecord(here, answer)
  expect(here.audit().filter((entry) => entry.type === 'operation' && entry.detail['exchange'] === sought)).toEqual([])
})

test('whoever is locked out is refused as by row 3', async () => {
  const passed = await call(here)
  const made = await callControl(here.proxy.socketPath, 'POST', '/lockouts', { partyKey: world.consumer.partyKey, reason: 'key stolen' })
  const { id } = made.body as { id: string }
  const answer = await ask(passed.exchange)
  await callControl(here.proxy.socketPath, 'DELETE', `/lockouts/${id}`)
  expect({ status: answer.status, code: answer.code, rule: answer.verdict.rule }).toEqual({
    status: 403,
    code: 'ACCESS_DENIED',
    rule: 'lockout',
  })
})

test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD'])('%s is not allowed, and nothing is sent to a provider', async (method) => {
  const before = here.provider.received.length
  const answer = await ask('2'.repeat(32), here.certificates.consumer, { method })
  expect({ status: answer.status, allow: answer.headers.allow }).toEqual({ status: 405, allow: 'GET' })
  expect(here.provider.received).toHaveLength(before)
})

test('a refusal is FHIR in the form that was asked for', async () => {
  const json = await ask('3'.repeat(32))
  expect(json.headers['content-type']).toBe('application/fhir+json;charset=utf-8')
  expect(JSON.parse(json.body.toString())).toMatchObject({
    resourceType: 'OperationOutcome',
    issue: [{ code: 'not-found', details: { coding: [{ code: '404', display: 'EXCHANGE_UNKNOWN' }] } }],
  })
  const xml = await ask('3'.repeat(32), here.certificates.consumer, { accept: 'application/fhir+xml' })
  expect(xml.headers['content-type']).toBe('application/fhir+xml;charset=utf-8')
  expect(xml.body.toString()).toContain('<code value="not-found"/>')
})

test('looks beyond the rate are refused as by row 14, with when to come again', async () => {
  const narrow = await startWorld({ settings: { checks: { throttle: { requestsPerSecond: 0.01, burst: 2 } } } })
  try {
    const look = (as: Issued) => askForVerdict(narrow, '4'.repeat(32), as)
    const { consumer, stranger } = narrow.certificates
    expect([await look(consumer), await look(consumer)].map(({ status }) => status)).toEqual([404, 404])
    const refused = await look(consumer)
    expect({ status: refused.status, code: refused.code }).toEqual({ status: 429, code: 'TOO_MANY_REQUESTS' })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    // Another's rate is its own, and so is that of calls.
    expect((await look(stranger)).status).toBe(404)
    expect((await call(narrow)).status).toBe(200)
  } finally {
    await narrow.close()
  }
})
