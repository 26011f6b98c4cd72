import { wireText } from '../../support/consumer.ts'
import { everyRefusalRecorded } from '../../support/expect-refusal.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'
import { dial, expectNothingLeft, expectRefusedRequest, expectWireRefusal, malformed, type Refused } from '../../support/wire.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterEach(() => expectNothingLeft(here))
afterAll(() => here.close())

const host = 'provider.thirdparty.nhs.uk'
const base = `https://${host}/T99999/STU3/1`
const encoded = (url: string) => `/${encodeURIComponent(url)}`

/** Sends one request and gives back status, rule and what the provider was asked for. */
async function ask(target: string, change: { readonly method?: string; readonly interaction?: string; readonly extra?: string } = {}) {
  const before = here.provider.received.length
  const line = await dial(here)
  line.send(wireText({ target, ...change }))
  const [answer] = await line.answered(1)
  line.close()
  return {
    status: answer?.status,
    rule: answer?.rule,
    exchange: answer?.exchange ?? '',
    asked: here.provider.received.slice(before).map((one) => one.target),
  }
}

const notOfTheForm: Refused = { status: 400, code: 'BAD_REQUEST', rule: 'interaction-form' }
const another: Refused = { status: 400, code: 'ENDPOINT_VARIES', rule: 'registered-endpoint' }

describe('P1: tricks in the path', () => {
  test.each([
    '/Patient/../Observation',
    '/Patient/..',
    '/../../T99999/STU3/2/Patient',
    '/Patient/./',
    '/.',
    '/Patient/%2e%2e/x',
    '/Patient/%2E%2E/x',
    '/Patient/.%2e/x',
    '/Patient/%2e./x',
    '/Patient/%2e/x',
    '/Patient/..;/x',
    '/Patient/..;a=b/x',
    '/Patient/.;/x',
    '/Patient%2f1',
    '/Patient%2F..%2F1',
    '/Patient%5c1',
    '/Patient\\1',
    '\\Patient',
    '//Patient',
    '/Patient//1',
    '/Patient/',
    '/Patient%00',
    '/Patient%0d%0aSsp-To:1',
    '/Patient%0a',
    '/Patient%7f',
    '/Patient%zz',
    '/Patient%2',
    '/Patient%',
    '/Patient<',
    '/Patient"',
    '/Patient{1}',
    '/Patient|1',
    '/Patient^',
    '/Patient`',
  ])('%s is refused', async (path) => {
    await expectRefusedRequest(here, wireText({ target: `/${base}${path}` }), malformed, notOfTheForm, another)
  })

  test.each([
    ['%252e', '/Patient/%252e%252e/x'],
    ['%c0%af', '/Patient%c0%af1'],
    ['%c0%ae', '/%c0%ae%c0%ae/x'],
    ['%e0%80%af', '/Patient%e0%80%af'],
    ['%u002f', '/Patient%u002f'],
    ['full-width dots', '/%ef%bc%8e%ef%bc%8e/x'],
    ['a semicolon parameter', '/Patient;a=b'],
  ])('%s is no form of the interaction, and nobody decodes it twice', async (_, path) => {
    await expectRefusedRequest(here, wireText({ target: `/${base}${path}` }), malformed, notOfTheForm)
  })

  test.each([
    '/Patient\x00',
    '/Patient\x7f',
    '/Patient\x80',
    '/Pati\xc3\xa9nt',
    '/Patient\x0b',
    '/Patient\t',
    '/Patient?a=\x01',
    '/Patient?a=\xff',
  ])('the raw byte in %j is refused, and the connection ends', async (path) => {
    await expectWireRefusal(here, wireText({ target: `/${base}${path}` }), malformed)
  })

  test.each(['/Slot/%252e%252e', '/Slot/%c0%af', '/Slot/a;b=c', '/Slot/%25', '/Slot/%e2%82%ac'])(
    'where the form is not known, what is clean passes byte for byte: %s',
    async (path) => {
      const { status, asked } = await ask(`/${base}${path}`, { interaction: world.unknownForm })
      expect([status, asked]).toEqual([200, [`/T99999/STU3/1${path}`]])
    },
  )

  test('a query passes byte for byte', async () => {
    const query = '?a=..%2f..%2f&b=%5c%00&c=//&d={"x":1}|y^`<>\\&e=%252e&f=?&g='
    const { status, asked } = await ask(`/${base}/Patient${query}`)
    expect([status, asked]).toEqual([200, [`/T99999/STU3/1/Patient${query}`]])
  })

  test.each(['#x', '?a=1#x', '#@evil.example/'])('P3: a fragment (%s) is refused', async (tail) => {
    await expectWireRefusal(here, wireText({ target: `/${base}/Patient${tail}` }), malformed)
  })
})

describe('P1: the wholly encoded form', () => {
  test('is decoded once', async () => {
    expect(await ask(encoded(`${base}/Patient?identifier=a|b`))).toMatchObject({
      status: 200,
      asked: ['/T99999/STU3/1/Patient?identifier=a|b'],
    })
  })

  test.each([
    ['mixed: a raw slash behind it', `${encoded(base)}/Patient`],
    ['mixed: a raw query behind it', `${encoded(`${base}/Patient`)}?identifier=x`],
    ['mixed: the scheme alone encoded', `/https%3A//${host}/T99999/STU3/1/Patient`],
    ['the scheme in upper case', encoded(`HTTPS://${host}/T99999/STU3/1/Patient`)],
    ['the scheme in mixed case', `/Https%3a%2f%2f${host}%2fT99999%2fSTU3%2f1%2fPatient`],
    ['mixed: the scheme raw', `/https:%2F%2F${host}%2FT99999%2FSTU3%2F1%2FPatient`],
    ['encoded twice', `/${encodeURIComponent(encodeURIComponent(`${base}/Patient`))}`],
    ['dot segments inside', encoded(`${base}/../1/Patient`)],
    ['encoded dot segments inside', encoded(`${base}/%2e%2e/1/Patient`)],
    ['an encoded slash inside', encoded(`${base}/Patient%2f1`)],
    ['CR LF inside', encoded(`${base}/Patient?a=\r\nSsp-To: 1`)],
    ['a space inside', encoded(`${base}/Patient?a=b c`)],
    ['NUL inside', encoded(`${base}/Patient\0`)],
    ['a fragment inside', encoded(`${base}/Patient#x`)],
    ['userinfo inside', encoded(`https://a@${host}/T99999/STU3/1/Patient`)],
    ['no UTF-8', `/https%3A%2F%2F${host}%2FT99999%2FSTU3%2F1%2FPatient%3Fa%3D%ff`],
    ['over-long UTF-8', `/https%3A%2F%2F${host}%2FT99999%2FSTU3%2F1%2FPatient%c0%af`],
    ['half an escape', `/https%3A%2F%2F${host}%2FT99999%2FSTU3%2F1%2FPatient%2`],
  ])('%s is refused', async (_, target) => {
    await expectWireRefusal(here, wireText({ target }), malformed)
  })
})

describe('P2: tricks in scheme, host and port', () => {
  test.each([
    '/https:/provider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
    '/https:///T99999/STU3/1/Patient',
    '/https://',
    '/http://provider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
    '/HTTPS://provider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
    '/ftp://provider.thirdparty.nhs.uk/',
    '/https:\\\\provider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
    '//provider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
    '//https://provider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
    '/https://evil@provider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
    '/https://provider.thirdparty.nhs.uk@evil.example/T99999/STU3/1/Patient',
    '/https://provider.thirdparty.nhs.uk#@evil.example/T99999/STU3/1/Patient',
    '/https://provider.thirdparty.nhs.uk:443:443/T99999/STU3/1/Patient',
    '/https://provider.thirdparty.nhs.uk:/T99999/STU3/1/Patient',
    '/https://provider.thirdparty.nhs.uk:0x1bb/T99999/STU3/1/Patient',
    '/https://provider.thirdparty.nhs.uk./T99999/STU3/1/Patient',
    '/https://.provider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
    '/https://provider..thirdparty.nhs.uk/T99999/STU3/1/Patient',
    '/https://pr%6fvider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
    '/https://[::1]/T99999/STU3/1/Patient',
    '/https://-provider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
    '/https://prov_ider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
    '/https://provider.thirdparty.nhs.uk?/T99999/STU3/1/Patient@evil',
    `/https://${'a'.repeat(64)}.nhs.uk/T99999/STU3/1/Patient`,
    '/https://pr\xc3\xb6vider.thirdparty.nhs.uk/T99999/STU3/1/Patient',
    '/',
    '/metrics',
    '/livez',
    '*',
    '',
  ])('%j: 400, nothing forwarded', async (target) => {
    await expectRefusedRequest(here, wireText({ target }), malformed, another)
  })

  test.each([
    '/https://provider.thirdparty.nhs.uk:443/T99999/STU3/1/Patient',
    '/https://provider.thirdparty.nhs.uk:8443/T99999/STU3/1/Patient',
    '/https://127.0.0.1/T99999/STU3/1/Patient',
    '/https://2130706433/T99999/STU3/1/Patient',
    '/https://0x7f.1/T99999/STU3/1/Patient',
    '/https://localhost/T99999/STU3/1/Patient',
    '/https://evil.example/T99999/STU3/1/Patient',
    '/https://provider.thirdparty.nhs.uk.evil.example/T99999/STU3/1/Patient',
    '/https://xn--prvider-90a.thirdparty.nhs.uk/T99999/STU3/1/Patient',
  ])('%s is clean, and another than the registered endpoint', async (target) => {
    await expectRefusedRequest(here, wireText({ target }), another)
  })

  test('upper case in the host is the same host', async () => {
    expect(await ask('/https://PROVIDER.ThirdParty.NHS.uk/T99999/STU3/1/Patient')).toMatchObject({
      status: 200,
      asked: ['/T99999/STU3/1/Patient'],
    })
  })
})

describe('P3: other forms of the request target', () => {
  test.each([
    `${base}/Patient`,
    `HTTPS://${host}/T99999/STU3/1/Patient`,
    `http://localhost/${base}/Patient`,
    `${host}:443`,
    '*',
    `${base.slice(8)}/Patient`,
    `./${base}/Patient`,
    `?${base}`,
    `\\${base}`,
  ])('%s', async (target) => {
    await expectWireRefusal(here, wireText({ target }), malformed)
  })

  test('asterisk with OPTIONS too', async () => {
    await expectWireRefusal(here, wireText({ method: 'OPTIONS', target: '*' }), malformed)
  })
})

describe('P4: a path that begins like the registered one', () => {
  test.each([
    'https://provider.thirdparty.nhs.uk/T99999/STU3/10/Patient',
    'https://provider.thirdparty.nhs.uk/T99999/STU3/1x/Patient',
    `${base}%20/Patient`,
    `${base};a/Patient`,
    `${base}.json`,
    'https://provider.thirdparty.nhs.uk/t99999/STU3/1/Patient',
    'https://provider.thirdparty.nhs.uk/T99999/STU3',
    'https://provider.thirdparty.nhs.uk/',
    'https://provider.thirdparty.nhs.uk',
    `https://provider.thirdparty.nhs.uk/x${base.slice(8 + host.length)}/Patient`,
  ])('%s', async (url) => {
    await expectRefusedRequest(here, wireText({ target: `/${url}` }), another)
  })
})

describe('P8: an interaction id that says something else than the request does', () => {
  const read = 'urn:nhs:names:services:gpconnect:fhir:rest:read:patient-1'

  test.each([
    ['another resource', 'GET', '/Observation', world.searchPatient],
    ['a write', 'POST', '/Patient', world.searchPatient],
    ['an operation', 'POST', '/Patient/$gpc.getstructuredrecord', world.searchPatient],
    ['an operation under a read', 'GET', '/Patient/$gpc.getstructuredrecord', read],
    ['an encoded operation under a read', 'GET', '/Patient/%24gpc.getstructuredrecord', read],
    ['a history under a read', 'GET', '/Patient/1/_history', read],
    ['a compartment under a read', 'GET', '/Patient/1/Observation', read],
    ['an id with an escape', 'GET', '/Patient/a%41', read],
    ['an id of 65 characters', 'GET', `/Patient/${'a'.repeat(65)}`, read],
    ['an id with a comma', 'GET', '/Patient/1,2', read],
    ['a search under a read', 'GET', '/Patient', read],
    ['the resource in another case', 'GET', '/patient/1', read],
    ['the root', 'GET', '', read],
    ['metadata', 'GET', '/metadata', read],
  ])('%s', async (_, method, path, interaction) => {
    await expectRefusedRequest(here, wireText({ target: `/${base}${path}`, method, interaction }), notOfTheForm)
  })

  test('what is of the form passes', async () => {
    expect(await ask(`/${base}/Patient/A-1.b`, { interaction: read })).toMatchObject({ status: 200 })
  })
})

describe('P9: another method than the one in the request line', () => {
  const refused: Refused = malformed
  test.each([
    ['a header', { extra: 'X-HTTP-Method-Override: DELETE\r\n' }],
    ['a header in lower case', { extra: 'x-http-method-override: PUT\r\n' }],
    ['another name', { extra: 'X-HTTP-Method: PATCH\r\n' }],
    ['a third name', { extra: 'X-Method-Override: PUT\r\n' }],
    ['an empty one', { extra: 'X-HTTP-Method-Override:\r\n' }],
    ['the query', { target: `/${base}/Patient?_method=DELETE` }],
    ['the query, not first', { target: `/${base}/Patient?a=b&_method=PUT` }],
    ['the query, in upper case', { target: `/${base}/Patient?_METHOD=PUT` }],
    ['the query, without a value', { target: `/${base}/Patient?_method` }],
    ['the encoded form', { target: encoded(`${base}/Patient?_method=PUT`) }],
    ['an escaped letter in the query', { target: `/${base}/Patient?%5Fmethod=PUT` }],
    ['every letter escaped', { target: `/${base}/Patient?%5f%4D%45%54%48%4F%44=PUT` }],
    ['a semicolon before it', { target: `/${base}/Patient?a=1;_method=PUT` }],
    ['other escaped letters in the query', { target: `/${base}/Patient?a=1&_%6d%65thod=PUT` }],
  ])('%s', async (_, change) => {
    await expectWireRefusal(here, wireText(change), refused)
  })

  test('a header with an underscore never reaches the provider', async () => {
    expect(await ask(`/${base}/Patient`, { extra: 'X_HTTP_Method_Override: DELETE\r\n' })).toMatchObject({ status: 200 })
    expect(here.provider.received.at(-1)?.rawHeaders.join('\n')).not.toMatch(/override/i)
  })
})
