import { call, speak, wireText } from '../support/consumer.ts'
import { everyRefusalRecorded, expectRefusal, outcomeOf } from '../support/expect-refusal.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: { ...everyRefusalRecorded, listener: { headersTimeoutSeconds: 0.5, maxHeaders: 40 } } })
})
afterAll(() => here.close())

const { root } = world
const malformed = { rule: 'wire-form', origin: 'consumer', issue: 'invalid', text: 'BAD_REQUEST', status: 400, code: 'MALFORMED_REQUEST' }
const larger = { ...malformed, status: 431, code: 'HEADERS_TOO_LARGE', issue: 'too-long', text: 'REQUEST_HEADER_FIELDS_TOO_LARGE' }
const unknown = { ...malformed, status: 501, code: 'NOT_IMPLEMENTED', issue: 'not-supported', text: 'NOT_IMPLEMENTED' }
const version = { ...malformed, status: 505, code: 'VERSION_NOT_SUPPORTED', issue: 'not-supported', text: 'HTTP_VERSION_NOT_SUPPORTED' }
const expectation = { ...malformed, status: 417, code: 'EXPECTATION_FAILED', issue: 'not-supported', text: 'EXPECTATION_FAILED' }
const longer = { ...malformed, status: 414, code: 'URI_TOO_LONG', issue: 'too-long', text: 'URI_TOO_LONG' }
const late = { ...malformed, status: 408, code: 'REQUEST_TIMEOUT', origin: 'consumer-network', issue: 'timeout', text: 'REQUEST_TIMEOUT' }

type Expected = typeof malformed

/** What the proxy says to these bytes: one answer, refused by row 1, the connection closed, one record in the audit, nothing sent on. */
async function expectRefusedBytes(bytes: string, expected: Expected, reason: RegExp): Promise<void> {
  const before = here.provider.received.length
  const { text, closed } = await speak(here, bytes, { quietMs: 3_000 })
  const [head = '', body = ''] = text.split('\r\n\r\n', 2)
  expect(head.split('\r\n')[0]).toMatch(new RegExp(`^HTTP/1.1 ${expected.status} `))
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(head)?.[1] ?? ''
  const exchange = /id="([0-9a-f]{32})"/.exec(field('Ssp-Verdict'))?.[1] ?? ''
  expect(field('Ssp-Verdict')).toBe(`origin=${expected.origin}, rule="wire-form", id="${exchange}", code=${expected.code}`)
  expect(field('Server-Timing')).toContain('ssp-admission;dur=')
  expect(field('Connection')).toBe('close')
  expect(closed).toBe(true)
  const faults = [{ detail: expect.any(String) }]
  const parsed = JSON.parse(body) as { issue: { location?: readonly string[] }[] }
  const header = parsed.issue[0]?.location?.[0]?.slice('http.'.length)
  expect(parsed).toEqual(
    outcomeOf(exchange, { ...expected, faults: faults.map((fault) => ({ ...fault, ...(header !== undefined && { header }) })) }),
  )
  expect(here.provider.received).toHaveLength(before)
  await until('the refusal is recorded', () => here.audit().some((entry) => entry.type === 'refused' && entry.exchange === exchange))
  const record = here.audit().find((entry) => entry.type === 'refused' && entry.exchange === exchange)
  const { status, code, rule, origin } = expected
  expect(record).toMatchObject({ status, code, rule, origin, reason: expect.stringMatching(reason) })
}

const twice = (line: string) => wireText({ extra: `${line}\r\n` })
const target = (text: string) => wireText({ target: text })

test.each<readonly [string, string, Expected, RegExp]>([
  ['Ssp-From twice (H1)', twice('Ssp-From: 200000000360'), malformed, /Ssp-From: .*only once/],
  ['Host twice', twice('Host: other'), malformed, /Host: .*only once/],
  ['Authorization twice', twice('Authorization: Bearer x'), malformed, /Authorization: .*only once/],
  ['a byte outside ASCII in Ssp-To', wireText({ extra: 'Ssp-Note: \xe9\r\n' }), malformed, /outside ASCII/],
  ['a method override', wireText({ extra: 'X-HTTP-Method-Override: DELETE\r\n' }), malformed, /override/],
  ['a method override in the query', target(`/${root}/Patient?_method=delete`), malformed, /override in the query/],
  ['Connection that names Ssp-From (H3)', wireText({ extra: 'Connection: Ssp-From\r\n' }), malformed, /must not be removed/],
  ['Connection that names Via', wireText({ extra: 'Connection: close, via\r\n' }), malformed, /must not be removed/],
  ['two framings', wireText({ extra: 'Content-Length: 1\r\nTransfer-Encoding: chunked\r\n' }), malformed, /./],
  ['a transfer coding that is not chunked', wireText({ extra: 'Transfer-Encoding: gzip, chunked\r\n' }), malformed, /./],
  ['no Host', wireText().replace('Host: localhost\r\n', ''), malformed, /requires a Host/],
  ['absolute form', target(root), malformed, /must begin with/],
  ['a fragment', target(`/${root}/Patient#x`), malformed, /fragment/],
  ['a dot segment', target(`/${root}/../2/Patient`), malformed, /dot segment/],
  ['an encoded dot segment', target(`/${root}/%2e%2e/Patient`), malformed, /encoded slash, backslash, dot/],
  ['user information', target('/https://provider.thirdparty.nhs.uk@evil/'), malformed, /user information/],
  ['a mixed form', target('/https%3A%2F%2Fprovider.thirdparty.nhs.uk/T99999'), malformed, /encoded as a whole/],
  ['one slash behind the scheme', target('/https:/provider.thirdparty.nhs.uk/x'), malformed, /https URL/],
  ['another expectation', wireText({ extra: 'Expect: 200-ok\r\n' }), expectation, /expectation/],
  ['a target beyond its length', target(`/${root}/${'a'.repeat(9_000)}`), longer, /longer than 8192/],
  ['a head beyond its size', wireText({ extra: `X: ${'a'.repeat(20_000)}\r\n` }), larger, /larger than/],
  ['header lines beyond their number', wireText({ extra: 'X: a\r\n'.repeat(50) }), larger, /more than 40/],
  ['an unknown method', wireText({ method: 'BREW' }), unknown, /not one of HTTP/],
  ['CONNECT', wireText({ method: 'CONNECT', target: 'provider.thirdparty.nhs.uk:443' }), unknown, /./],
  ['a version of HTTP that is not spoken', wireText({ version: '3.0' }), version, /not spoken/],
  ['a head that does not end in time', 'GET /', late, /in time/],
])('%s is refused, recorded, and the connection closed', (_name, bytes, expected, reason) => expectRefusedBytes(bytes, expected, reason))

test('what stands behind a refused request on its connection is not answered', async () => {
  const before = here.provider.received.length
  const { text } = await speak(here, twice('Ssp-From: 1') + wireText(), { quietMs: 1_000 })
  expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1)
  expect(here.provider.received).toHaveLength(before)
})

test('the fault names header or place, once, and nothing of what was sent', async () => {
  const faults = [{ detail: 'request target: a dot segment stands in the path (at character 35)' }]
  const answer = await expectRefusal(
    here,
    { target: '/https://provider.thirdparty.nhs.uk/../secret' },
    { ...malformed, closes: true, faults },
  )
  expect(answer.body.toString()).not.toContain('secret')
})

test('a clean request passes', async () => {
  expect((await call(here)).status).toBe(200)
})
