import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Answer, type Call, call, speak, wireText } from '../support/consumer.ts'
import { parseXml } from '../support/parse-xml.ts'
import { startWorld, type World, world } from '../support/start-world.ts'

let here: World
beforeAll(async () => {
  here = await startWorld()
})
afterAll(() => here.close())

const golden = (name: string) => readFileSync(fileURLToPath(new URL(`../golden/${name}`, import.meta.url)), 'utf8').trimEnd()
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi

/** A body with its id, ASIDs and URLs replaced by those of the golden files. */
function inGoldenWords(answer: Answer, replaced: Readonly<Record<string, string>> = {}): string {
  const all = { [answer.exchange.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')]: 'ID', ...replaced }
  const body = answer.body.toString().replace(/_CPAID_S[0-9]+_/g, '_CPAID_S000000000001_')
  return Object.entries(all).reduce((text, [from, to]) => text.replaceAll(from, to), body)
}

const errors: readonly (readonly [string, () => Call, Readonly<Record<string, string>>])[] = [
  [
    '400-endpoint-varies',
    () => ({ url: 'https://supplier.thirdparty.nhs.uk/v1/test?identifier=9990000018' }),
    { [`ENDPOINT_${world.root}_CPAID_`]: 'ENDPOINT_https://supplier.thirdparty.nhs.uk/v1/fhir/_CPAID_' },
  ],
  ['403-sender', () => ({ interaction: 'urn:nobody:holds' }), { [world.consumer.asid]: '100000000001' }],
  ['403-receiver', () => ({ headers: { 'Ssp-To': world.bareProvider.asid } }), { [world.bareProvider.asid]: '200000000002' }],
  [
    '403-not-shared',
    () => ({ as: here.certificates.stranger, headers: { 'Ssp-From': world.stranger.asid } }),
    { [world.stranger.asid]: '200000000001', [world.provider.asid]: '200000000002' },
  ],
  ['405-method', () => ({ method: 'DELETE' }), {}],
  ['415-media-type', () => ({ headers: { Accept: 'text/html' } }), {}],
]

test.each(errors)('%s on the wire is the golden file, in JSON and in XML', async (name, make, replaced) => {
  for (const format of ['json', 'xml'] as const) {
    const { headers, ...change } = make()
    // For 415 it is the body's type that decides: what was asked for cannot be had.
    const asked =
      name === '415-media-type'
        ? { ...headers, 'Content-Type': `application/fhir+${format}` }
        : { Accept: `application/fhir+${format}`, ...headers }
    const answer = await call(here, { ...change, headers: asked })
    expect(answer.headers['content-type']).toBe(`application/fhir+${format};charset=utf-8`)
    expect(inGoldenWords(answer, replaced)).toBe(golden(`${name}.${format}`).replace(uuid, 'ID'))
  }
})

const json = 'application/fhir+json;charset=utf-8'
const xml = 'application/fhir+xml;charset=utf-8'
const xmlOfDstu2 = 'application/xml+fhir;charset=utf-8'

test.each<readonly [string, string | undefined, string | undefined, string]>([
  ['', undefined, undefined, json],
  ['', '*/*', undefined, json],
  ['', 'application/fhir+xml', undefined, xml],
  ['', 'application/fhir+xml, application/json+fhir;q=0.9', undefined, xml],
  ['', 'application/xml+fhir, application/fhir+json;q=0.9', undefined, xmlOfDstu2],
  ['', 'application/json+fhir', undefined, 'application/json+fhir;charset=utf-8'],
  ['', 'application/fhir+xml;q=0.2, application/fhir+json;q=0.3', undefined, json],
  ['', undefined, 'application/fhir+xml', xml],
  ['', 'application/fhir+json', 'application/fhir+xml', json],
  ['?_format=xml', 'application/fhir+json', undefined, xml],
  ['?_format=application%2Ffhir%2Bjson', 'application/fhir+xml', 'application/fhir+xml', json],
])('_format %p, Accept %p, Content-Type %p: %s', async (query, accept, contentType, expected) => {
  const headers = { Accept: accept, ...(contentType && { 'Content-Type': contentType }) }
  for (const target of [`/https://elsewhere.nhs.uk/x${query}`, `/${encodeURIComponent(`https://elsewhere.nhs.uk/x${query}`)}`]) {
    const answer = await call(here, { headers, target })
    expect([answer.verdict.rule, answer.headers['content-type']]).toEqual(['registered-endpoint', expected])
    if (expected === xml || expected === xmlOfDstu2) expect(parseXml(answer.body.toString())[0]?.name).toBe('OperationOutcome')
    else expect(JSON.parse(answer.body.toString())).toHaveProperty('resourceType', 'OperationOutcome')
  }
})

const withXml = wireText().replace('Accept: application/fhir+json', 'Accept: application/fhir+xml')

test.each([
  ['row 1', withXml.replace('Host: localhost', 'Host: a b'), /^HTTP\/1\.1 400 /],
  ['no certificate', withXml, /^HTTP\/1\.1 496 /],
  ['the parser', withXml.replace('\r\n\r\n', '\r\nX : y\r\n\r\n'), /^HTTP\/1\.1 400 /],
  ['the parser’s bounds', withXml.replace('Ssp-TraceID', `X: ${'y'.repeat(17_000)}\r\nSsp-TraceID`), /^HTTP\/1\.1 431 /],
])('an error of %s is XML where XML was asked for', async (name, bytes, status) => {
  const { text } = await speak(here, bytes, name === 'no certificate' ? { as: null } : {})
  expect(text).toMatch(status)
  expect(text).toContain(`Content-Type: ${xml}\r\n`)
  expect(parseXml(text.split('\r\n\r\n')[1] ?? '')[0]?.name).toBe('OperationOutcome')
})

test.each([
  ['_format', wireText({ target: `/${world.root}/Patient?_format=xml` })],
  ['Content-Type', wireText({ extra: 'Content-Type: application/fhir+xml\r\n' }).replace('Accept: application/fhir+json\r\n', '')],
])('an error of the parser minds %s too', async (_name, bytes) => {
  const { text } = await speak(here, bytes.replace('\r\n\r\n', '\r\nX : y\r\n\r\n'))
  expect(text).toMatch(/^HTTP\/1\.1 400 /)
  expect(text).toContain(`Content-Type: ${xml}\r\n`)
})
