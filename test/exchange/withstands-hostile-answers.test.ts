import { type Answer, call } from '../support/consumer.ts'
import { expectRefusedAnswer } from '../support/expect-refusal.ts'
import { plainAnswer, type ScriptedWorld, startScriptedWorld } from '../support/scripted-provider.ts'
import { until } from '../support/until.ts'

let here: ScriptedWorld
beforeAll(async () => {
  here = await startScriptedWorld({ settings: { checks: { method: { allowed: ['GET', 'HEAD', 'POST', 'PUT'] } } } })
})
afterAll(() => here.close())

/** One call that the provider answers with these bytes. */
async function answered(bytes: string, change: Parameters<typeof call>[1] = {}): Promise<Answer> {
  here.script = (socket) => socket.write(Buffer.from(bytes, 'latin1'))
  return call(here.world, change)
}

/** What the audit says about how an exchange ended. */
function outcomeOf(exchange: string) {
  return until('the outcome is recorded', () => here.world.audit().find((entry) => entry.type === 'outcome' && entry.exchange === exchange))
}

/** The next consumer gets its own answer, whatever was done to the connection before. */
async function expectCleanNext(): Promise<void> {
  here.script = (socket) => socket.write(plainAnswer('{"mine":true}'))
  const next = await call(here.world)
  expect([next.status, next.body.toString()]).toEqual([200, '{"mine":true}'])
}

const malformed: readonly (readonly [string, string])[] = [
  ['two different Content-Lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}'],
  ['the same Content-Length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}'],
  ['a list as Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}'],
  ['a signed Content-Length', 'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}'],
  [
    'Content-Length and Transfer-Encoding',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  ],
  [
    'Transfer-Encoding and Content-Length',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n',
  ],
  ['a transfer coding that is not chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}'],
  ['a transfer coding behind chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n'],
  ['a vertical tab behind chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\x0b\r\n\r\n2\r\n{}\r\n0\r\n\r\n'],
  ['chunks on HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'],
  ['Transfer-Encoding twice', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n'],
  ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 2\n\n{}'],
  ['a bare carriage return in a value', 'HTTP/1.1 200 OK\r\nX-A: b\rSet-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}'],
  ['a NUL in a value', 'HTTP/1.1 200 OK\r\nX-A: b\0c\r\nContent-Length: 2\r\n\r\n{}'],
  ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}'],
  ['a folded line', 'HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\n{}'],
  ['a flood of interim answers', `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(200)}${plainAnswer('{}')}`],
  ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ['a bare switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ['the status 99', 'HTTP/1.1 99 Low\r\nContent-Length: 2\r\n\r\n{}'],
  ['the status 099', 'HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\n{}'],
  ['the status 1000', 'HTTP/1.1 1000 High\r\nContent-Length: 2\r\n\r\n{}'],
  ['the status 600', 'HTTP/1.1 600 High\r\nContent-Length: 2\r\n\r\n{}'],
  ['the status 999', 'HTTP/1.1 999 High\r\nContent-Length: 2\r\n\r\n{}'],
  ['a megabyte of headers', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(1_048_576)}\r\nContent-Length: 2\r\n\r\n{}`],
  ['a megabyte of small headers', `HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(150_000)}Content-Length: 2\r\n\r\n{}`],
  ['a version that does not exist', 'HTTP/1.9 200 OK\r\nContent-Length: 2\r\n\r\n{}'],
  ['the version 0.9', 'HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\n{}'],
  ['the version 2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}'],
  ['the version 2.0 behind an empty line', '\r\nHTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}'],
  ['an interim answer that swallows the line of the next', `HTTP/1.1 100 Continue\r\n${plainAnswer('{"a":1}')}${plainAnswer('{"a":2}')}`],
  ['an interim answer with bare line feeds', `HTTP/1.1 100 Continue\n\n${plainAnswer('')}${plainAnswer('{"a":2}')}`],
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['nothing but a body', '{"resourceType":"Bundle"}'],
]

test.each(malformed)('F14: an answer with %s is 502 by the provider, and its connection is not used again', async (_name, bytes) => {
  const before = here.connections.accepted
  const answer = await answered(bytes)
  expect([answer.status, answer.verdict]).toEqual([502, { origin: 'provider', rule: 'provider-exchange' }])
  expect(answer.body.toString()).toContain('ERROR_COMMUNICATING_TO_ENDPOINT_URL_https://provider.thirdparty.nhs.uk/T99999/STU3/1/Patient"')
  expectRefusedAnswer(answer, {
    ...{ status: 502, origin: 'provider', rule: 'provider-exchange', code: 'PROVIDER_UNREACHABLE', issue: 'transient', closes: false },
    text: 'ERROR_COMMUNICATING_TO_ENDPOINT_URL_https://provider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
  })
  expect(await outcomeOf(answer.exchange)).toMatchObject({
    end: 'refused',
    status: 502,
    origin: 'provider',
    reason: expect.stringMatching(/./),
  })
  const after = here.connections.accepted
  await expectCleanNext()
  expect(after).toBeLessThanOrEqual(before + 1)
  expect(here.connections.accepted).toBe(after + 1)
  expect(here.connections.open).toBe(1)
})

test('F14: thousands of headers that do not pass are recorded by their names, each once', async () => {
  const lines = 'Set-Cookie: a\r\nNEL:\r\n'.repeat(2_900)
  const answer = await answered(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 2\r\n\r\n{}`)
  expect([answer.status, answer.body.toString()]).toEqual([200, '{}'])
  expect(await outcomeOf(answer.exchange)).toMatchObject({ end: 'complete', droppedHeaders: ['set-cookie', 'nel'] })
})

test('interim answers are dropped, and the answer behind them passes', async () => {
  const answer = await answered(`HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${plainAnswer('{"a":1}')}`)
  expect([answer.status, answer.body.toString(), answer.headers.link]).toEqual([200, '{"a":1}', undefined])
})

test('an answer of HTTP/1.0 that ends with its connection passes whole', async () => {
  here.script = (socket) => socket.end('HTTP/1.0 200 OK\r\nContent-Type: application/fhir+json\r\n\r\n{"a":1}')
  const answer = await call(here.world)
  expect([answer.status, answer.body.toString()]).toEqual([200, '{"a":1}'])
  await expectCleanNext()
})

const overlong: readonly (readonly [string, string, string, number])[] = [
  ['a body longer than its Content-Length', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}', 200],
  ['a second answer behind the first', 'GET', plainAnswer('{}'), 200],
  ['an answer to HEAD with a body', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 40\r\nConnection: keep-alive\r\n\r\n', 200],
  ['a 204 with a body', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
  ['a 204 that announces a body', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 40\r\n\r\n', 204],
  ['a 304 with a body', 'GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 40\r\n\r\n', 304],
]
const surplus = plainAnswer('{"of":"another patient"}')

const anyForm = 'urn:nhs:names:services:careconnect:fhir:rest:read:slot'

describe.each(overlong)('F15: %s', (_name, method, head, status) => {
  test.each([
    ['with it', 0],
    ['a moment later', 15],
  ])('leaks nothing to the next user of the pool when the surplus comes %s', async (_when, delay) => {
    const surplusSent = new Promise<void>((resolve) => {
      here.script = (socket) => {
        socket.write(delay === 0 ? head + surplus : head)
        if (delay > 0) setTimeout(() => socket.destroyed || socket.write(surplus), delay)
        setTimeout(resolve, delay * 2)
      }
    })
    const answer = await call(here.world, { method, interaction: anyForm })
    expect(answer.status).toBe(status)
    expect(answer.body.toString()).not.toContain('another patient')
    if (status === 204) expect(answer.headers).not.toHaveProperty('content-length')
    expect(await outcomeOf(answer.exchange)).toMatchObject({ end: 'complete', status, providerStatus: status })
    await surplusSent
    await expectCleanNext()
  })
})

test.each([
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\n'],
  ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['GET', 'HTTP/1.1 304 Not Modified\r\n\r\n'],
])(
  'F15: after an answer without a body (%s, %j) the connection is not used again: what may still come on it answers nobody',
  async (method, head) => {
    await expectCleanNext()
    const before = here.connections.accepted
    here.script = (socket) => socket.write(head)
    await call(here.world, { method, interaction: anyForm })
    await expectCleanNext()
    expect(here.connections.accepted).toBe(before + 1)
  },
)
