import { call } from '../support/consumer.ts'
import { type ExpectedRefusal, everyRefusalRecorded, expectRefusal } from '../support/expect-refusal.ts'
import { startWorld, type World } from '../support/start-world.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterAll(() => here.close())

const row5: ExpectedRefusal = {
  status: 400,
  rule: 'request-form',
  origin: 'consumer',
  code: 'BAD_REQUEST',
  issue: 'invalid',
  text: 'BAD_REQUEST',
}
const names = ['Ssp-TraceID', 'Ssp-From', 'Ssp-To', 'Ssp-InteractionID', 'Authorization']

test.each(names)('%s missing is answered 400, naming it', async (header) => {
  const faults = [{ header, detail: expect.stringContaining(`${header} is missing`) }]
  await expectRefusal(here, { headers: { [header]: undefined } }, { ...row5, faults })
})

test.each([
  ['Ssp-TraceID', 'not-a-uuid'],
  ['Ssp-TraceID', 'x'.repeat(10_000)],
  ['Ssp-From', '20000000035'],
  ['Ssp-From', '2000000003599'],
  ['Ssp-From', '200000000359, 200000000360'],
  ['Ssp-To', 'ABCDEFGHIJKL'],
  ['Ssp-InteractionID', 'urn:nhs:names services'],
  ['Ssp-InteractionID', 'x'.repeat(256)],
  ['Authorization', 'Basic dXNlcjpwYXNz'],
  ['Authorization', 'Bearer a b'],
  ['Authorization', 'Bearer'],
])('%s: %.40s is answered 400, naming the header and what it must be, without the value', async (header, value) => {
  const answer = await expectRefusal(
    here,
    { headers: { [header]: value } },
    { ...row5, faults: [{ header, detail: expect.stringMatching(new RegExp(`^${header} must be `)) }] },
  )
  expect(answer.body.toString()).not.toContain(value.length > 10 ? value : `"${value}"`)
})

test('an empty header is as good as none', async () => {
  await expectRefusal(
    here,
    { headers: { 'Ssp-To': '' } },
    { ...row5, faults: [{ header: 'Ssp-To', detail: expect.stringContaining('is missing') }] },
  )
})

test('all faults come at once, one issue each, in the order of the headers', async () => {
  const headers = Object.fromEntries(names.map((name) => [name, undefined]))
  await expectRefusal(
    here,
    { headers: { ...headers, 'Ssp-To': 'x' } },
    {
      ...row5,
      faults: names.map((header) => ({ header, detail: expect.stringContaining(header === 'Ssp-To' ? 'must be' : 'is missing') })),
    },
  )
})

test.each([
  ['Ssp-TraceID', 'F6A2C9DE-0B51-4C3B-9F0A-2B6A1C1D3E4F'],
  ['ssp-from', '200000000359'],
  ['SSP-INTERACTIONID', 'urn:nhs:names:services:gpconnect:fhir:rest:search:patient-1'],
])('%s is a name without case, and a UUID may be in capitals', async (name, value) => {
  const usual = names.find((one) => one.toLowerCase() === name.toLowerCase()) ?? ''
  expect((await call(here, { headers: { [usual]: undefined, [name]: value } })).status).toBe(200)
})
