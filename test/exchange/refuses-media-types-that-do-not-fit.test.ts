import { call } from '../support/consumer.ts'
import { type ExpectedRefusal, everyRefusalRecorded, expectRefusal } from '../support/expect-refusal.ts'
import { startWorld, type World, world } from '../support/start-world.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterAll(() => here.close())

const row6: ExpectedRefusal = {
  status: 415,
  rule: 'media-type',
  origin: 'consumer',
  code: 'UNSUPPORTED_MEDIA_TYPE',
  issue: 'not-supported',
  text: 'Unsupported_Media_Type',
}
const prefix = 'urn:nhs:names:services:gpconnect:'
const structured = {
  method: 'POST',
  interaction: `${prefix}fhir:operation:gpc.getstructuredrecord-1`,
  url: `${world.root}/Patient/$gpc.getstructuredrecord`,
  body: '{"resourceType":"Parameters"}',
}
const binary = { interaction: `${prefix}documents:fhir:rest:read:binary-1`, url: `${world.root}/documents/Binary/1` }

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/fhir', 'json', ''])(
  'a body of Content-Type %p is answered 415',
  async (type) => {
    await expectRefusal(here, { ...structured, headers: { 'Content-Type': type } }, { ...row6, reason: /Content-Type/ })
  },
)

test('a body without Content-Type is answered 415', async () => {
  await expectRefusal(here, { ...structured, headers: { 'Content-Type': undefined } }, { ...row6, reason: /Content-Type/ })
})

test.each(['text/html', 'image/png, text/*', 'application/fhir+json;q=0', 'application/pdf;q=1'])(
  'Accept: %s can be met by nothing and is answered 415',
  async (accept) => {
    await expectRefusal(here, { headers: { Accept: accept } }, { ...row6, reason: /Accept/ })
  },
)

test('_format that names no representation is answered 415, whatever Accept says', async () => {
  await expectRefusal(here, { url: `${world.root}/Patient?_format=text/html` }, { ...row6, reason: /Accept/ })
})

test.each([
  'application/fhir+json',
  'application/fhir+json;charset=utf-8',
  'application/fhir+xml; charset=UTF-8',
  'application/json+fhir',
  'application/xml+fhir',
  'application/json',
  'text/xml',
  'APPLICATION/FHIR+JSON',
])('a body of %s passes', async (type) => {
  expect((await call(here, { ...structured, headers: { 'Content-Type': type } })).status).toBe(200)
})

test.each(['*/*', 'application/*', 'text/html, application/fhir+json;q=0.1', 'application/json', '', undefined])(
  'Accept: %s can be met',
  async (accept) => {
    expect((await call(here, { headers: { Accept: accept } })).status).toBe(200)
  },
)

test.each(['json', 'xml', 'application/fhir+json', 'application%2Ffhir%2Bxml'])('_format=%s passes', async (format) => {
  expect((await call(here, { url: `${world.root}/Patient?a=b&_format=${format}`, headers: { Accept: 'text/html' } })).status).toBe(200)
})

test('Binary, and an interaction whose form is not known, may ask for anything and carry anything', async () => {
  expect((await call(here, { ...binary, headers: { Accept: 'application/pdf' } })).status).toBe(200)
  const unknown = {
    interaction: world.unknownForm,
    method: 'POST',
    body: 'x',
    headers: { 'Content-Type': 'text/plain', Accept: 'text/html' },
  }
  expect((await call(here, unknown)).status).toBe(200)
})
