import { honestHeaders, tokenFor, wireText } from '../../support/consumer.ts'
import { everyRefusalRecorded } from '../../support/expect-refusal.ts'
import type { ReceivedRequest } from '../../support/fake-provider.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'
import {
  answersIn,
  dial,
  expectFhirRefusal,
  expectNothingLeft,
  expectRefusedRequest,
  expectWireRefusal,
  malformed,
  outcomeRecord,
  type Refused,
  sayUntilEnd,
  wirePut,
} from '../../support/wire.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: { ...everyRefusalRecorded, listener: { bodySilenceSeconds: 1 } } })
})
afterEach(() => expectNothingLeft(here))
afterAll(() => here.close())

const { provider, consumer } = world

/** Sends an honest request with these header lines besides, and gives back what the provider received and the answer's text. */
async function passed(text: string): Promise<{ readonly received: ReceivedRequest; readonly text: string }> {
  const before = here.provider.received.length
  const line = await dial(here)
  line.send(text)
  const [answer] = await line.answered(1)
  expect(answer?.status).toBe(200)
  line.close()
  expect(here.provider.received).toHaveLength(before + 1)
  return { received: here.provider.received[before]!, text: line.text }
}

/** Values of a header by its exact lower-cased name. */
function valuesOf({ rawHeaders }: ReceivedRequest, name: string): readonly string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name)
}

describe('H1: a deciding header twice', () => {
  test.each([
    `Ssp-From: ${consumer.asid}\r\n`,
    `Ssp-To: ${provider.asid}\r\n`,
    'Ssp-To: 200000000000\r\n',
    `ssp-to: ${provider.asid}\r\n`,
    `SSP-INTERACTIONID: ${world.searchPatient}\r\n`,
    'Ssp-TraceID: 09a01679-2564-0fb4-5129-aecc81ea2706\r\n',
    'Authorization: Bearer x.y.\r\n',
    'authorization: Basic eDp5\r\n',
    'Host: provider.thirdparty.nhs.uk\r\n',
    'host: localhost\r\n',
    'Ssp-Anything: 1\r\nSsp-Anything: 2\r\n',
  ])('%j', async (extra) => {
    await expectWireRefusal(here, wireText({ extra }), malformed)
  })

  test.each([
    ['Content-Type', 'Content-Type: application/fhir+xml\r\n'],
    ['Content-Type in another case', 'CONTENT-TYPE: application/fhir+json\r\n'],
    ['Expect', 'Expect: 100-continue\r\nExpect: 100-continue\r\n'],
  ])('%s', async (_, extra) => {
    await expectWireRefusal(here, wirePut('Content-Length: 2\r\n', '{}', { extra }), malformed)
  })

  test('Content-Type, joined by the caller', async () => {
    const text = wirePut('Content-Length: 2\r\n', '{}').replace(/Content-Type: .*/, 'Content-Type: application/fhir+json, text/html')
    await expectWireRefusal(here, text, malformed)
  })

  test.each([`${consumer.asid}, ${consumer.asid}`, `${consumer.asid},200000000360`, `${consumer.asid};x`])(
    'joined by the caller (%j): no ASID',
    async (value) => {
      await expectRefusedRequest(here, wireText().replace(/Ssp-From: .*\r\n/, `Ssp-From: ${value}\r\n`), {
        status: 400,
        code: 'BAD_REQUEST',
        rule: 'request-form',
      })
    },
  )
})

describe('H2: names that a provider might fold to a deciding one', () => {
  test.each([
    'Ssp_To',
    'ssp_from',
    'SSP_INTERACTIONID',
    'Ssp_TraceID',
    'Ssp-To_',
    'Content_Length',
    'Content_Type',
    'Transfer_Encoding',
    'Via_',
    'X_Forwarded_For',
    'X_Real_IP',
  ])('%s never reaches the provider', async (name) => {
    const folded = name.toLowerCase().replaceAll('_', '-')
    const { received, text } = await passed(wireText({ extra: `${name}: 666\r\n` }))
    const names = received.rawHeaders.filter((_, at) => at % 2 === 0).map((one) => one.toLowerCase())
    if (!name.endsWith('_')) {
      expect(names).not.toContain(name.toLowerCase())
      expect(valuesOf(received, folded)).not.toContain('666')
      const exchange = answersIn(text).answers[0]?.exchange
      const record = here.audit().find((entry) => entry.type === 'forwarding' && entry.exchange === exchange)
      expect(record).toMatchObject({ request: { droppedHeaders: [name.toLowerCase()] } })
    }
  })

  test.each([
    'Ssp-To : 1',
    'Ssp-To\t: 1',
    'Ssp-To\x0b: 1',
    ' Ssp-To: 1',
    '\tSsp-To: 1',
    'Ssp To: 1',
    'Ssp-To\x00: 1',
    '"Ssp-To": 1',
    'Ssp-To\xa0: 1',
    '(Ssp-To): 1',
    ': 1',
    '\x01: 1',
    'Ssp-To',
    '@: 1',
  ])('%j is no header line: 400', async (line) => {
    await expectWireRefusal(here, wireText({ extra: `${line}\r\n` }), malformed)
  })

  test('the deciding names count in any case', async () => {
    const text = Object.keys(honestHeaders(world.searchPatient)).reduce(
      (all, name) => all.replace(`${name}:`, `${name.toUpperCase()}:`),
      wireText(),
    )
    const { received } = await passed(text)
    expect(valuesOf(received, 'ssp-to')).toEqual([provider.asid])
  })
})

describe('H3: Connection names what decides, or what the proxy sets', () => {
  test.each([
    'Ssp-From',
    'close, Ssp-To',
    'ssp-interactionid',
    'Authorization',
    'Host',
    'Content-Type',
    'content-length',
    'Transfer-Encoding',
    'Via',
    'Forwarded',
    'traceparent',
    'keep-alive,\tSSP-TRACEID',
    'Expect',
  ])('%s', async (value) => {
    await expectWireRefusal(here, wireText({ extra: `Connection: ${value}\r\n` }), malformed)
  })

  test('over two lines', async () => {
    await expectWireRefusal(here, wireText({ extra: 'Connection: keep-alive\r\nConnection: Ssp-From\r\n' }), malformed)
  })

  test('any other header that it names is removed, as RFC 9110 has it', async () => {
    const { received } = await passed(wireText({ extra: 'Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nX-Stays: 2\r\n' }))
    expect([valuesOf(received, 'x-hop'), valuesOf(received, 'x-stays')]).toEqual([[], ['2']])
  })
})

test('H4: what a caller says in the name of the proxy is removed or overwritten, on record', async () => {
  const names = [
    'Forwarded',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'X-Forwarded-Proto',
    'X-Forwarded-Client-Cert',
    'X-Real-IP',
    'X-Client-Cert',
    'X-Client-Cert-Chain',
    'Client-Cert',
    'Client-Cert-Chain',
    'X-SSL-Client-Verify',
    'SSL_Client_Cert',
    'X-ARR-ClientCert',
    'X-Original-URL',
    'X-Rewrite-URL',
    'Ssp-Verdict',
    'Ssp-Receipt',
  ]
  const { received } = await passed(wireText({ extra: names.map((name) => `${name}: evil\r\n`).join('') }))
  expect(received.rawHeaders.join('\n')).not.toContain('evil')
  expect(valuesOf(received, 'forwarded')).toEqual(['for=127.0.0.1;by=_ssp;host=localhost;proto=https'])
  const forwarding = here.audit().findLast((entry) => entry.type === 'forwarding')
  expect(forwarding?.request.droppedHeaders).toEqual(names.map((name) => name.toLowerCase()))
})

test.each([
  ['alg', { alg: 'none', typ: 'JWT', __proto__: null, constructor: {} }, '{"__proto__":{"iss":"x"}}'],
  ['claims', { alg: 'none' }, '{"constructor":{"prototype":{"polluted":1}}}'],
  ['__proto__ twice', { alg: 'none' }, '{"__proto__":1,"__proto__":2}'],
  ['prototype names as values', { alg: '__proto__' }, '{}'],
  ['toString as algorithm', { alg: 'toString' }, '{}'],
  ['a member called hasOwnProperty', { alg: 'none', hasOwnProperty: 1 }, '{"hasOwnProperty":1}'],
  ['valueOf', { alg: 'none', valueOf: 1, toString: 1 }, '{"valueOf":1,"toString":1,"toJSON":1}'],
  ['toJSON', { alg: 'none', toJSON: 1 }, '{"toJSON":1}'],
])('H5: prototype names in a token (%s) are a 400, and change nothing', async (_, header, claims) => {
  const section = (text: string) => Buffer.from(text).toString('base64url')
  const token = `${section(JSON.stringify(header))}.${section(claims)}.`
  const text = wireText().replace(/Authorization: .*\r\n/, `Authorization: Bearer ${token}\r\n`)
  await expectRefusedRequest(here, text, { status: 400, code: 'BAD_REQUEST', rule: 'access-token' })
  expect(Object.keys(Object.prototype)).toEqual([])
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

test('H5: __proto__, constructor and toString as header names are headers like others', async () => {
  const { received } = await passed(wireText({ extra: '__proto__: 1\r\nconstructor: 2\r\ntoString: 3\r\nhasOwnProperty: 4\r\n' }))
  expect(['constructor', 'tostring', 'hasownproperty'].map((name) => valuesOf(received, name)[0])).toEqual(['2', '3', '4'])
  expect(Object.getPrototypeOf({})).toBe(Object.prototype)
  expect((await sayUntilEnd(here, wireText({ extra: 'Connection: close\r\n__proto__: x\r\n__proto__: y\r\n' })))[0]?.status).toBe(200)
})

describe('H6: bytes that do not belong into a value', () => {
  test.each([
    ['NUL', 'X-A: a\x00b\r\n'],
    ['CR', 'X-A: a\rb\r\n'],
    ['LF', 'X-A: a\nSsp-From: 1\r\n'],
    ['CR CR LF', 'X-A: a\r\r\n'],
    ['obs-fold with a space', 'X-A: a\r\n b\r\n'],
    ['obs-fold with a tab', 'X-A: a\r\n\tSsp-To: 1\r\n'],
    ['obs-fold of nothing', 'X-A: a\r\n \r\n'],
    ['ESC', 'X-A: \x1b[31m\r\n'],
    ['DEL', 'X-A: a\x7f\r\n'],
    ['BEL', 'X-A: \x07\r\n'],
    ['VT', 'X-A: a\x0bb\r\n'],
    ['FF', 'X-A: a\x0cb\r\n'],
    ['0x80 in Ssp-*', 'Ssp-Extra: a\x80\r\n'],
    ['UTF-8 in Ssp-*', 'Ssp-Extra: a\xc3\xa9\r\n'],
  ])('%s', async (_, extra) => {
    await expectWireRefusal(here, wireText({ extra }), malformed)
  })

  test.each([
    ['Authorization', wireText().replace('Authorization: Bearer ', 'Authorization: Bearer \xff')],
    ['Host', wireText().replace('Host: localhost', 'Host: localh\xf6st')],
    ['Host with a space', wireText().replace('Host: localhost', 'Host: local host')],
    ['Host with a path', wireText().replace('Host: localhost', 'Host: localhost/x')],
    ['Host with userinfo', wireText().replace('Host: localhost', 'Host: a@localhost')],
    ['Host with two ports', wireText().replace('Host: localhost', 'Host: localhost:1:2')],
    ['Host with a port that is none', wireText().replace('Host: localhost', 'Host: localhost:https')],
    ['Host with half a bracket', wireText().replace('Host: localhost', 'Host: [::1')],
    ['no Host', wireText().replace('Host: localhost\r\n', '')],
    ['Ssp-From', wireText().replace(`Ssp-From: ${consumer.asid}`, `Ssp-From: ${consumer.asid}\xa0`)],
  ])('bytes beyond ASCII, or no host, in %s', async (_, text) => {
    await expectWireRefusal(here, text, malformed)
  })

  test('0x80 to 0xFF pass elsewhere, byte for byte', async () => {
    const { received } = await passed(wireText({ extra: 'X-Name: M\xfcller \xc3\xa9\r\n' }))
    expect(valuesOf(received, 'x-name')).toEqual(['M\xfcller \xc3\xa9'])
  })

  test('CR and LF that are percent-encoded in the query stay encoded', async () => {
    const { received } = await passed(wireText({ target: `/${world.root}/Patient?identifier=a%0d%0aSsp-To:%201%00` }))
    expect(received.target).toBe('/T99999/STU3/1/Patient?identifier=a%0d%0aSsp-To:%201%00')
    expect(valuesOf(received, 'ssp-to')).toEqual([provider.asid])
  })

  test('tabs and spaces around a value, and an empty value, are no trick', async () => {
    const { received } = await passed(wireText({ extra: 'X-A:\t a \t\r\nX-B:\r\nX-C:c\r\n' }))
    expect(['x-a', 'x-b', 'x-c'].map((name) => valuesOf(received, name))).toEqual([['a'], [''], ['c']])
  })
})

describe('H7: too much', () => {
  const tooLarge: Refused = { status: 431, code: 'HEADERS_TOO_LARGE' }

  test.each([
    ['200 headers', 'X-A: 1\r\n'.repeat(200)],
    ['5,000 headers', 'X-A: 1\r\n'.repeat(5_000)],
    ['a header of 64 kB', `X-A: ${'a'.repeat(65_536)}\r\n`],
    ['a name of 64 kB', `${'A'.repeat(65_536)}: 1\r\n`],
    ['a token of 16 kB', `X-B: 1\r\n`.repeat(1) + `Ssp-Pad: ${'e'.repeat(16_384)}\r\n`],
    ['a header of 2 MB', `X-A: ${'a'.repeat(2_000_000)}\r\n`],
  ])('%s: 431', async (_, extra) => {
    await expectWireRefusal(here, wireText({ extra }), tooLarge)
  })

  test('a target of 9 kB: 414; of 64 kB: 431, since the parser stops first', async () => {
    await expectWireRefusal(here, wireText({ target: `/${world.root}/Patient?a=${'a'.repeat(9_000)}` }), {
      status: 414,
      code: 'URI_TOO_LONG',
    })
    await expectWireRefusal(here, wireText({ target: `/${world.root}/Patient?a=${'a'.repeat(65_536)}` }), tooLarge)
  })

  test('exactly as many as are allowed pass', async () => {
    const own = wireText().split('\r\n').length - 3
    await passed(wireText({ extra: 'X-A: 1\r\n'.repeat(100 - own) }))
    await expectWireRefusal(here, wireText({ extra: 'X-A: 1\r\n'.repeat(101 - own) }), tooLarge)
  })
})

test.each(['a.b', 'a', '..', 'e30.e30.', `${'a'.repeat(12_000)}..`, tokenFor(world.searchPatient).slice(0, -1), '%00.%00.'])(
  'H8: a token that is none is a 400 (%#), never a fault of the proxy',
  async (token) => {
    const text = wireText().replace(/Authorization: .*\r\n/, `Authorization: Bearer ${token}\r\n`)
    await expectRefusedRequest(here, text, { status: 400, code: 'BAD_REQUEST', rule: 'access-token' })
  },
)

describe('H9: Expect', () => {
  test.each([
    '200-ok',
    '100-continue, 200-ok',
    '100-continue, 100-continue',
    'x',
    '',
    '100-continue;q=1',
    '"100-continue"',
    '100-continue,',
    '100',
  ])('%j: 417', async (value) => {
    await expectWireRefusal(here, wirePut('Content-Length: 2\r\n', '{}', { extra: `Expect: ${value}\r\n` }), {
      status: 417,
      code: 'EXPECTATION_FAILED',
    })
  })

  test('100-continue: said once the checks are passed, and only then', async () => {
    const line = await dial(here)
    line.send(wirePut('Content-Length: 2\r\nExpect: 100-Continue\r\n', ''))
    await until('it is said', () => line.text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'))
    expect(here.provider.received.at(-1)?.body.toString()).not.toBe('{}')
    line.send('{}')
    expect((await line.answered(1)).map((one) => one.status)).toEqual([200])
    expect(here.provider.received.at(-1)?.body.toString()).toBe('{}')
    expect(valuesOf(here.provider.received.at(-1)!, 'expect')).toEqual([])
    line.close()
  })

  test('100-continue, and the body never comes: 408 after the silence, and the provider is let go', async () => {
    const line = await dial(here)
    line.send(wirePut('Content-Length: 2\r\nExpect: 100-continue\r\n', ''))
    const answers = await line.end()
    expect(answers.map((one) => [one.status, one.rule, one.origin])).toEqual([[408, 'wire-form', 'consumer-network']])
    expectFhirRefusal(answers[0]!, 'REQUEST_TIMEOUT')
    expect(await outcomeRecord(here, answers[0]?.exchange ?? '')).toMatchObject({ end: 'refused', status: 408, rule: 'wire-form' })
    line.close()
    await until('the provider has no connection in use', () => here.provider.connections.open === 0)
  })
})

describe('H10: hop-by-hop headers', () => {
  const names = [
    'TE',
    'Trailer',
    'Keep-Alive',
    'Proxy-Authorization',
    'Proxy-Authenticate',
    'Proxy-Connection',
    'Proxy-Authentication-Info',
    'HTTP2-Settings',
  ]

  test('of a request are not forwarded', async () => {
    const { received } = await passed(wireText({ extra: names.map((name) => `${name}: trailers\r\n`).join('') }))
    for (const name of names) expect(valuesOf(received, name.toLowerCase())).toEqual([])
  })

  test('of an answer are not passed on', async () => {
    const honest = here.provider.answer
    here.provider.answer = async (_request, response, body) => {
      await body()
      response.writeHead(200, [
        ...names.flatMap((name) => [name, 'trailers']),
        ...['Connection', 'X-Hop', 'X-Hop', '1', 'X-Stays', '2', 'Content-Type', 'application/fhir+json', 'Transfer-Encoding', 'chunked'],
      ])
      response.end('{}')
    }
    const { text } = await passed(wireText()).finally(() => {
      here.provider.answer = honest
    })
    const headers = answersIn(text).answers[0]?.headers
    for (const name of names) if (name !== 'Keep-Alive') expect(headers?.has(name.toLowerCase())).toBe(false)
    expect([headers?.get('keep-alive'), headers?.has('x-hop'), headers?.get('x-stays')]).toEqual(['timeout=60', false, '2'])
  })
})

describe('H11: trailers', () => {
  test.each([
    'Ssp-To: 1',
    'Ssp-From: 200000000360',
    'Authorization: Bearer evil',
    'Host: evil',
    'X-Trailer: 1',
    'Content-Type: text/plain',
    'Ssp-Verdict: origin=none',
    'Connection: close',
    'Expect: 100-continue',
    '__proto__: 1',
  ])('%s is discarded', async (trailer) => {
    const { received } = await passed(wirePut('Transfer-Encoding: chunked\r\nTrailer: X-Trailer\r\n', `2\r\n{}\r\n0\r\n${trailer}\r\n\r\n`))
    expect(received.body.toString()).toBe('{}')
    expect(received.rawHeaders.join('\n')).not.toMatch(/evil|X-Trailer|200000000360|text\/plain/)
    expect(valuesOf(received, 'ssp-to')).toEqual([provider.asid])
  })

  test.each(['Content-Length: 5', 'Content-Length: 0', 'Transfer-Encoding: chunked', 'Transfer-Encoding: gzip'])(
    '%s is discarded or refused, and what follows is framed as it should be',
    async (trailer) => {
      const before = here.provider.received.length
      const line = await dial(here)
      line.send(wirePut('Transfer-Encoding: chunked\r\n', `2\r\n{}\r\n0\r\n${trailer}\r\n\r\n`) + wireText())
      await until('the end', () => line.answers.length === 2 || line.ended)
      const statuses = line.answers.map((one) => one.status)
      expect([[200, 200], [400]]).toContainEqual(statuses)
      if (statuses[0] === 400) {
        expectFhirRefusal(line.answers[0]!, 'MALFORMED_REQUEST')
        await line.end()
      }
      expect(here.provider.received.slice(before).map((one) => one.body.toString())).toEqual(statuses[0] === 200 ? ['{}', ''] : [])
      line.close()
    },
  )
})
