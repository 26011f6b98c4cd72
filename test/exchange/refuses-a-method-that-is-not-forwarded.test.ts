import { call } from '../support/consumer.ts'
import { type ExpectedRefusal, everyRefusalRecorded, expectRefusal, forwardedRecords, refusedRecord } from '../support/expect-refusal.ts'
import { startWorld, type World, world } from '../support/start-world.ts'

let here: World
let wide: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
  wide = await startWorld({ settings: { checks: { method: { allowed: ['GET', 'POST', 'PUT', 'HEAD', 'PATCH', 'DELETE'] } } } })
})
afterAll(async () => {
  await here.close()
  await wide.close()
})

const row4: ExpectedRefusal = {
  status: 405,
  rule: 'method',
  origin: 'consumer',
  code: 'METHOD_NOT_ALLOWED',
  issue: 'forbidden',
  text: '405: Method Not Allowed',
}
const listed = 'GET, POST, PUT, OPTIONS'

test.each(['PATCH', 'DELETE', 'TRACE'])('%s is answered 405 in its documented shape, with Allow', async (method) => {
  const answer = await expectRefusal(here, { method }, row4)
  expect(answer.headers['allow']).toBe(listed)
})

test('HEAD is answered 405 without a body, but with the length that the body would have', async () => {
  const answer = await call(here, { method: 'HEAD' })
  expect([answer.status, answer.verdict, answer.body.length]).toEqual([405, { origin: 'consumer', rule: 'method' }, 0])
  expect(Number(answer.headers['content-length'])).toBeGreaterThan(100)
  await refusedRecord(here, answer)
})

test.each(['PROPFIND', 'QUERY'])('%s, which nobody here knows, is answered 501 and the connection closed', async (method) => {
  await expectRefusal(
    here,
    { method },
    { ...row4, status: 501, code: 'UNKNOWN_METHOD', issue: 'not-supported', text: 'NOT_IMPLEMENTED', closes: true },
  )
})

test('OPTIONS is answered by the proxy: 200, no body, and the methods under the three names', async () => {
  const before = here.provider.received.length
  const answer = await call(here, { method: 'OPTIONS' })
  expect([answer.status, answer.verdict, answer.body.length, answer.closes]).toEqual([200, { origin: 'none', rule: 'method' }, 0, false])
  expect(answer.headers).toMatchObject({
    allow: listed,
    'access-control-allow-methods': listed,
    'access-control-request-method': listed,
    'content-length': '0',
    'strict-transport-security': 'max-age=31536000',
    'server-timing': expect.stringContaining('ssp-admission'),
  })
  expect(here.provider.received).toHaveLength(before)
  expect(await refusedRecord(here, answer)).toMatchObject({ status: 200, code: 'OPTIONS_ANSWERED', rule: 'method', origin: 'none' })
})

test('OPTIONS is decided behind the certificate: without one it is 496', async () => {
  expect((await call(here, { method: 'OPTIONS', as: null })).status).toBe(496)
})

test.each(['GET', 'POST', 'PUT'])('%s passes', async (method) => {
  const answer = await call(here, { method, interaction: world.unknownForm, ...(method !== 'GET' && { body: '{}' }) })
  expect(answer.status).toBe(200)
  await forwardedRecords(here, answer)
})

test('HEAD passes by setting: the length of the answer comes without its body, and the connection goes on', async () => {
  const answer = await call(wide, { method: 'HEAD', interaction: world.unknownForm })
  expect([answer.status, answer.body.length, Number(answer.headers['content-length']) > 0]).toEqual([200, 0, true])
  expect(wide.provider.received.at(-1)?.method).toBe('HEAD')
})

test('with that setting HEAD passes where the interaction is a GET, and nowhere else', async () => {
  expect((await call(wide, { method: 'HEAD' })).status).toBe(200)
  const write = {
    method: 'HEAD',
    interaction: 'urn:nhs:names:services:gpconnect:fhir:rest:create:appointment-1',
    url: `${world.root}/Appointment`,
  }
  const { status, verdict } = await call(wide, write)
  expect([status, verdict.rule]).toEqual([400, 'interaction-form'])
})

test.each(['PATCH', 'DELETE'])('%s passes by setting, with its body', async (method) => {
  const answer = await call(wide, { method, interaction: world.unknownForm, body: '{"a":1}', headers: { 'Content-Length': '7' } })
  expect(answer.status).toBe(200)
  const received = wide.provider.received.at(-1)
  expect([received?.method, received?.body.toString()]).toEqual([method, '{"a":1}'])
})

test('OPTIONS tells the methods of the setting', async () => {
  const answer = await call(wide, { method: 'OPTIONS' })
  expect(answer.headers['allow']).toBe('GET, POST, PUT, HEAD, PATCH, DELETE, OPTIONS')
})
