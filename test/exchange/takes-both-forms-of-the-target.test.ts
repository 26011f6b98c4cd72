import { call } from '../support/consumer.ts'
import { expectRefusal, forwardedRecords } from '../support/expect-refusal.ts'
import { startWorld, type World, world } from '../support/start-world.ts'

let here: World
beforeAll(async () => {
  here = await startWorld()
})
afterAll(() => here.close())

const interaction = world.unknownForm
const { root } = world

test.each([
  '/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018',
  '/Patient?identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fnhs-number%7C9990000018&_format=json',
  '/Patient/$gpc.getstructuredrecord',
  '/Patient/%24gpc.x?a=%25&b=c+d',
  "/%C3%A9t%C3%A9/~a;b=c,d(e)'f!*:@&=+$",
  '?',
  '',
  '/',
  '/Slot?x="<>\\^{|}`"?/?',
])('%s is forwarded byte for byte, and the encoded form of it is the same call', async (rest) => {
  const wanted = `/T99999/STU3/1${rest}`
  const raw = await call(here, { interaction, target: `/${root}${rest}` })
  expect([raw.status, here.provider.received.at(-1)?.target]).toEqual([200, wanted])
  const encoded = await call(here, { interaction, target: `/${encodeURIComponent(root + rest)}` })
  expect([encoded.status, here.provider.received.at(-1)?.target]).toEqual([200, wanted])
  const { forwarding } = await forwardedRecords(here, encoded)
  expect(forwarding.personal.url).toBe(`/${encodeURIComponent(root + rest)}`)
  expect(forwarding.request.redactedUrl).toBe('https://provider.thirdparty.nhs.uk')
})

test('the encoded form is decoded once: what is encoded twice stays encoded once', async () => {
  const rest = '/Patient?identifier=a%7Cb'
  await call(here, { interaction, target: `/${encodeURIComponent(root + rest)}` })
  expect(here.provider.received.at(-1)?.target).toBe(`/T99999/STU3/1${rest}`)
})

test('the escapes of an encoded target may have small digits', async () => {
  const encoded = encodeURIComponent(`${root}/metadata`).replace(/%../g, (digits) => digits.toLowerCase())
  const answer = await call(here, { interaction, target: `/${encoded}` })
  expect([answer.status, here.provider.received.at(-1)?.target]).toEqual([200, '/T99999/STU3/1/metadata'])
})

test.each([
  'https%3A%2F%2Fprovider.thirdparty.nhs.uk/T99999/STU3/1/x',
  'https%3A%2F%2Fprovider.thirdparty.nhs.uk%2FT99999%2FSTU3%2F1%2Fx?y=z',
  'https:%2F%2Fprovider.thirdparty.nhs.uk%2FT99999',
  'https%3A//provider.thirdparty.nhs.uk/T99999',
])('the mixed form %s is refused by row 1', async (mixed) => {
  const refusal = {
    status: 400,
    rule: 'wire-form',
    origin: 'consumer',
    code: 'MALFORMED_REQUEST',
    issue: 'invalid',
    text: 'BAD_REQUEST',
    closes: true,
  }
  await expectRefusal(
    here,
    { interaction, target: `/${mixed}` },
    { ...refusal, faults: [{ detail: expect.stringContaining('request target') }] },
  )
})

test('the encoded form of a documented GP Connect call passes under its own interaction', async () => {
  const answer = await call(here, { target: `/${encodeURIComponent(`${root}/Patient?identifier=x|1`)}` })
  expect([answer.status, here.provider.received.at(-1)?.target]).toEqual([200, '/T99999/STU3/1/Patient?identifier=x|1'])
})
