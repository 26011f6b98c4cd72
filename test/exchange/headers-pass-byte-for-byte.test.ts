import type { TLSSocket } from 'node:tls'
import { call, speak, wireText } from '../support/consumer.ts'
import { everyRefusalRecorded, forwardedRecords } from '../support/expect-refusal.ts'
import { startRawProvider } from '../support/fake-provider.ts'
import { certificates, startWorld, type World } from '../support/start-world.ts'
import { metricsOf } from '../support/wire.ts'

/** The proxy before a provider that answers with the bytes at hand and keeps the bytes it was sent. */
let here: World
let provider: Awaited<ReturnType<typeof startRawProvider>>
let answer = ''
let received = ''

beforeAll(async () => {
  const { provider: issued, authority } = await certificates()
  provider = await startRawProvider({ cert: issued.chainPem, key: issued.keyPem, ca: authority.certificatePem }, (socket: TLSSocket) => {
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      if (received.endsWith('\r\n\r\n')) socket.write(answer, 'latin1')
    })
  })
  here = await startWorld({ providerPort: provider.port, settings: everyRefusalRecorded })
})
afterAll(async () => {
  await here.close()
  await provider.close()
})
beforeEach(() => {
  received = ''
  answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'
})

/** Header lines of one message, without its first line. */
const linesOf = (text: string) => text.split('\r\n\r\n')[0]!.split('\r\n').slice(1)

test('the consumer’s end-to-end headers reach the provider in order, case and bytes, repeated ones too', async () => {
  const extra = [
    'X-Request-Id: a',
    'aCCept-LANGuage: en;q=0.1',
    'X-Twice: 1',
    'Cookie: a=b; c="d"',
    'X-Twice: 2',
    'If-Match: W/"3"',
    'X-Name: Zo\xeb\xff\x80',
  ]
  await speak(here, wireText({ extra: extra.map((line) => `${line}\r\n`).join('') }), { quietMs: 100 })
  const lines = linesOf(received)
  expect(received.startsWith('GET /T99999/STU3/1/Patient?identifier=x HTTP/1.1\r\n')).toBe(true)
  const first = lines.findIndex((line) => line.startsWith('X-Request-Id'))
  expect(lines.slice(first, first + extra.length)).toEqual(extra)
  expect(lines.filter((line) => /^(?:ssp-|authorization)/i.test(line)).map((line) => line.split(':')[0])).toEqual([
    'Ssp-TraceID',
    'Ssp-From',
    'Ssp-To',
    'Ssp-InteractionID',
    'Authorization',
  ])
})

test('the provider sees its own host, and what the proxy adds: Forwarded, Via, a traceparent named after the exchange', async () => {
  const { text } = await speak(here, wireText({ extra: 'Via: 1.0 fred\r\n' }), { quietMs: 100 })
  const exchange = /id="([0-9a-f]{32})"/.exec(text)?.[1] ?? ''
  const lines = linesOf(received)
  expect(lines.filter((line) => /^host:/i.test(line)).map((line) => line.toLowerCase())).toEqual(['host: provider.thirdparty.nhs.uk'])
  expect(lines).toContain('Forwarded: for=127.0.0.1;by=_ssp;host=localhost;proto=https')
  expect(lines.filter((line) => /^via:/i.test(line))).toEqual(['Via: 1.0 fred, 1.1 ssp'])
  expect(lines).toContain(`traceparent: 00-${exchange}-${exchange.slice(16)}-00`)
})

test('a traceparent is continued, tracestate and baggage pass', async () => {
  const given = ['traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', 'tracestate: a=b', 'baggage: c=d']
  await speak(here, wireText({ extra: given.map((line) => `${line}\r\n`).join('') }), { quietMs: 100 })
  expect(linesOf(received)).toEqual(expect.arrayContaining(given))
})

test('H4, H10: hop-by-hop headers, what Connection names, and what pretends to be ours do not reach the provider; the latter is recorded', async () => {
  const gone = [
    'Connection: keep-alive, X-Mine',
    'X-Mine: 1',
    'Keep-Alive: timeout=5',
    'TE: trailers',
    'Proxy-Authorization: Basic x',
    'Upgrade: h2c',
  ]
  const pretended = [
    'Forwarded: for=9.9.9.9',
    'X-Forwarded-For: 9.9.9.9',
    'X-Real-IP: 9.9.9.9',
    'X-Client-Cert: x',
    'Ssp-Verdict: x',
    'Ssp-Receipt: x',
    'Ssp_From: 1',
  ]
  const { text } = await speak(here, wireText({ extra: [...gone, ...pretended].map((line) => `${line}\r\n`).join('') }), { quietMs: 100 })
  expect(text).toMatch(/^HTTP\/1\.1 200 /)
  for (const line of [...gone, ...pretended]) expect(received.toLowerCase()).not.toContain(`\r\n${line.toLowerCase()}`)
  expect(received).not.toContain('9.9.9.9')
  const exchange = /id="([0-9a-f]{32})"/.exec(text)?.[1] ?? ''
  const { forwarding } = await forwardedRecords(here, { exchange } as Parameters<typeof forwardedRecords>[1])
  expect(forwarding.request.droppedHeaders).toEqual([
    'forwarded',
    'x-forwarded-for',
    'x-real-ip',
    'x-client-cert',
    'ssp-verdict',
    'ssp-receipt',
    'ssp_from',
  ])
})

test('the provider’s headers reach the consumer in order, case and bytes: ETag, Cache-Control, repeated ones, bytes beyond ASCII (GH#333)', async () => {
  const lines = [
    'etag: W/"3"',
    'CACHE-Control: no-store',
    'X-Twice: 1',
    'Server: Zo\xeb\xff',
    'X-Twice: 2',
    'Warning: 199 - "x"',
    'Date: Mon, 01 Jan 2024 00:00:00 GMT',
    'Content-Length: 2',
  ]
  answer = `HTTP/1.1 200 OK\r\n${lines.join('\r\n')}\r\n\r\n{}`
  const { text } = await speak(here, wireText(), { quietMs: 100 })
  expect(linesOf(text).slice(0, lines.length)).toEqual(lines)
  const ours = linesOf(text)
    .slice(lines.length)
    .map((line) => line.split(':')[0])
  expect(ours).toEqual([
    'Ssp-Verdict',
    'Ssp-Receipt',
    'Server-Timing',
    'X-Rate-Limit-Limit',
    'X-Rate-Limit-Remaining',
    'X-Rate-Limit-Reset',
    'RateLimit-Policy',
    'RateLimit',
    'Strict-Transport-Security',
    'Connection',
    'Keep-Alive',
  ])
})

test('an answer of a provider that told no date has one, and so has a refusal (RFC 9110, 6.6.1)', async () => {
  answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'
  for (const asked of [wireText(), wireText({ target: '/' })]) {
    const { text } = await speak(here, asked, { quietMs: 100 })
    const dates = linesOf(text).filter((line) => line.startsWith('Date: '))
    expect(dates).toHaveLength(1)
    expect(Math.abs(Date.parse(dates[0]!.slice('Date: '.length)) - Date.now())).toBeLessThan(60_000)
  }
})

test('O6: what would act on the proxy’s origin is dropped, recorded and counted; Server-Timing is appended to', async () => {
  const counted = async () => (await metricsOf(here)).get('ssp_dropped_headers_total{leg="answer"}') ?? 0
  const before = await counted()
  const dropped = [
    'Set-Cookie: a=b',
    'Alt-Svc: h2=":1"',
    'Strict-Transport-Security: max-age=1',
    'Clear-Site-Data: "*"',
    'NEL: {}',
    'Report-To: {}',
    'Public-Key-Pins: x',
    'Ssp-Verdict: origin=forged',
    'Ssp-Receipt: log="x"',
    'X-Rate-Limit-Limit: 9',
    'X-Rate-Limit-Remaining: 0',
    'x-rate-limit-reset: 86400',
  ]
  const passing = ['Server-Timing: db;dur=5', 'X-Kept: 1', 'Content-Length: 2']
  answer = `HTTP/1.1 200 OK\r\n${[...dropped, ...passing, 'Connection: X-Own', 'X-Own: 1'].join('\r\n')}\r\n\r\n{}`
  const { text } = await speak(here, wireText(), { quietMs: 100 })
  for (const line of [...dropped, 'X-Own: 1']) expect(text).not.toContain(line)
  for (const name of ['Limit', 'Remaining', 'Reset']) expect(text.match(new RegExp(`X-Rate-Limit-${name}:`, 'gi'))).toHaveLength(1)
  expect(text).toMatch(/\r\nServer-Timing: db;dur=5, ssp-admission;dur=/)
  expect(text).toContain('\r\nX-Kept: 1\r\n')
  expect(text).toContain('\r\nStrict-Transport-Security: max-age=31536000\r\n')
  const exchange = /id="([0-9a-f]{32})"/.exec(text)?.[1] ?? ''
  const { outcome } = await forwardedRecords(here, { exchange } as Parameters<typeof forwardedRecords>[1])
  expect(outcome.droppedHeaders).toEqual(dropped.map((line) => line.split(':')[0]!.toLowerCase()))
  expect((await counted()) - before).toBe(dropped.length)
})

test.each([
  ['301 Moved Permanently', 'Location: https://provider.thirdparty.nhs.uk/T99999/STU3/2/x'],
  ['302 Found', 'Location: http://169.254.169.254/latest'],
  ['307 Temporary Redirect', 'Location: //10.0.0.1/'],
  ['303 See Other', 'Location: https://127.0.0.1:8444/config'],
  ['308 Permanent Redirect', 'Location: https://[::1]/'],
  ['302 Found', 'Location: file:///etc/passwd'],
  ['300 Multiple Choices', 'Location: https://provider.thirdparty.nhs.uk@10.0.0.1/'],
  ['305 Use Proxy', 'Location: http://10.0.0.1:3128/'],
  ['304 Not Modified', 'Location: https://10.0.0.1/'],
])('P7: a %s passes as data, its Location as it came (%s), and nobody follows it', async (status, location) => {
  answer = `HTTP/1.1 ${status}\r\n${location}\r\nContent-Length: 0\r\n\r\n`
  const { text } = await speak(here, wireText(), { quietMs: 100 })
  expect(text.startsWith(`HTTP/1.1 ${status}\r\n${location}\r\n`)).toBe(true)
  expect(text).toContain('Ssp-Verdict: origin=none')
  expect(received.match(/HTTP\/1\.1/g)).toHaveLength(1)
  expect(text).toContain('Connection: keep-alive')
  const exchange = /id="([0-9a-f]{32})"/.exec(text)?.[1] ?? ''
  const { outcome } = await forwardedRecords(here, { exchange } as Parameters<typeof forwardedRecords>[1])
  expect(outcome).toMatchObject({ end: 'complete', status: Number(status.slice(0, 3)), origin: 'none' })
})

test.each([400, 403, 404, 405, 409, 422, 429, 500, 503])(
  'a %i of the provider passes with its own body, and the verdict says whose it is',
  async (status) => {
    const body = '{"resourceType":"OperationOutcome"}'
    answer = `HTTP/1.1 ${status} Own Words\r\nContent-Type: application/fhir+json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const got = await call(here)
    expect([got.status, got.verdict, got.body.toString()]).toEqual([status, { origin: 'provider', rule: 'provider-exchange' }, body])
    const { outcome } = await forwardedRecords(here, got)
    expect(outcome).toMatchObject({ end: 'complete', status, providerStatus: status, origin: 'provider' })
  },
)

test.each([
  ['of its own', 'Own Words', 'Own Words'],
  ['that is empty', '', 'OK'],
  ['beyond ASCII', 'Zo\xeb \xff', 'OK'],
])('a reason phrase %s is answered as %p', async (_name, reason, expected) => {
  answer = `HTTP/1.1 200 ${reason}\r\nContent-Length: 2\r\n\r\n{}`
  const { text } = await speak(here, wireText(), { quietMs: 100 })
  expect(text.split('\r\n')[0]).toBe(`HTTP/1.1 200 ${expected}`)
})
