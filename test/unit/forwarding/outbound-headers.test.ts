import fc from 'fast-check'
import { hasPassed, outboundHeaders } from '../../../src/forwarding/outbound-headers.ts'
import type { Arrival, BodyFraming, WireForm } from '../../../src/spine/arrival.ts'
import { isRefusal } from '../../../src/spine/refusal.ts'
import { readWireForm } from '../../../src/spine/wire-form.ts'
import { namesOf } from '../../support/names-of.ts'

const identity = { via: 'ssp' }
const host = 'provider.thirdparty.nhs.uk'
const exchange = '0123456789abcdef0123456789abcdef'

/** What goes to the provider of a request with these header lines. */
function outbound(lines: readonly string[], { address = '192.0.2.7', version = '1.1' } = {}) {
  const headers = new Map<string, string>()
  const rawHeaders = lines.some((line, at) => at % 2 === 0 && line.toLowerCase() === 'host') ? lines : ['Host', 'localhost', ...lines]
  const headerNames = namesOf(rawHeaders)
  const form = readWireForm('POST', version, `/https://${host}/x`, rawHeaders, headerNames, headers, {
    maxHeaders: 200,
    maxTargetBytes: 8192,
  })
  if (isRefusal(form)) throw new Error(form.reason)
  const arrival = {
    exchange,
    rawHeaders,
    headerNames,
    headers,
    httpVersion: version,
    connection: { address },
    method: 'POST',
    form,
  } as unknown as Arrival & WireForm
  return outboundHeaders({ ...arrival, ...form }, host, identity)
}

const added = (list: readonly string[]) => list.slice(list.indexOf('Forwarded'))
const passed = (list: readonly string[]) => list.slice(2, list.lastIndexOf('Forwarded'))

test('end-to-end headers pass in order, case and bytes, repeated ones too', () => {
  const lines = [
    'aCCept',
    'a',
    'X-One',
    ' b\tc ',
    'Cookie',
    'x=1',
    'X-One',
    'caf\xe9\xff',
    'If-Match',
    'W/"3"',
    'Ssp-From',
    '1',
    'Authorization',
    'Bearer x',
    'Content-Type',
    'a/b',
  ]
  const { list, dropped } = outbound(lines)
  expect(list.slice(0, 2)).toEqual(['Host', host])
  expect(passed(list)).toEqual(lines)
  expect(dropped).toEqual([])
})

test('any end-to-end header passes as it came', () => {
  const name = fc
    .string({ unit: fc.constantFrom(..."abcdefXYZ019!#$%&'*+.^`|~".split('')), minLength: 1, maxLength: 10 })
    .map((text) => `q${text}`)
  const value = fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
    maxLength: 30,
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (lines) => {
      expect(passed(outbound(lines.flat()).list)).toEqual(lines.flat())
    }),
  )
})

test('hop-by-hop headers, and whatever Connection names, go without a word', () => {
  const lines = [
    'Connection',
    'keep-alive, X-Hop',
    'Keep-Alive',
    '5',
    'TE',
    'trailers',
    'Trailer',
    'X',
    'Upgrade',
    'h2c',
    'HTTP2-Settings',
    'x',
    'Proxy-Connection',
    'x',
    'Proxy-Authorization',
    'x',
    'x-hop',
    'y',
    'X-Kept',
    'z',
  ]
  const { list, dropped } = outbound(lines)
  expect(passed(list)).toEqual(['X-Kept', 'z'])
  expect(dropped).toEqual([])
})

test('what pretends to come from us is dropped and told', () => {
  const lines = [
    'Forwarded',
    'for=1',
    'X-Forwarded-For',
    '1',
    'X-Real-IP',
    '1',
    'X-Client-Cert-Dn',
    'x',
    'Ssp-Verdict',
    'x',
    'Ssp-Receipt',
    'x',
    'Ssp_From',
    '2',
    'X_Own',
    'kept',
  ]
  const { list, dropped } = outbound(lines)
  expect(passed(list)).toEqual(['X_Own', 'kept'])
  expect(dropped).toEqual(['forwarded', 'x-forwarded-for', 'x-real-ip', 'x-client-cert-dn', 'ssp-verdict', 'ssp-receipt', 'ssp_from'])
})

test.each<readonly [string, string | undefined, string]>([
  ['192.0.2.7', 'localhost', 'for=192.0.2.7;by=_ssp;host=localhost;proto=https'],
  ['2001:db8::7', 'localhost:8443', 'for="[2001:db8::7]";by=_ssp;host="localhost:8443";proto=https'],
  ['192.0.2.7', '', 'for=192.0.2.7;by=_ssp;proto=https'],
  ['192.0.2.7', '[::1]', 'for=192.0.2.7;by=_ssp;host="[::1]";proto=https'],
])('Forwarded of %s asking %p is %s', (address, asked, expected) => {
  const { list } = outbound(['Host', asked ?? ''], { address })
  expect(list[list.indexOf('Forwarded') + 1]).toBe(expected)
})

test('Via is appended to, with the version that the consumer spoke', () => {
  const via = (list: readonly string[]) => list[list.indexOf('Via') + 1]
  expect(via(outbound([]).list)).toBe('1.1 ssp')
  expect(via(outbound(['Via', '']).list)).toBe('1.1 ssp')
  expect(via(outbound(['Via', '1.0 fred'], { version: '1.0' }).list)).toBe('1.0 fred, 1.0 ssp')
  const { list } = outbound(['via', '1.1 a', 'VIA', '1.1 b'])
  expect([list.filter((line) => line.toLowerCase() === 'via'), via(list)]).toEqual([['Via'], '1.1 a, 1.1 b, 1.1 ssp'])
})

test('a traceparent is continued with its tracestate where it is one, else begun without, named after the exchange', () => {
  const given = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  const sent = (value?: string) => {
    const { list } = outbound([...(value === undefined ? [] : ['Traceparent', value]), 'TraceState', 'a=b', 'baggage', 'c=d'])
    const states = list.filter((_, at) => list[at - 1]?.toLowerCase() === 'tracestate')
    return [list[list.indexOf('traceparent') + 1], ...states]
  }
  const later = given.replace(/^00/, '01')
  for (const valid of [given, later, `${later}-more`]) expect(sent(valid)).toEqual([valid, 'a=b'])
  const begun = `00-${exchange}-${exchange.slice(16)}-00`
  for (const odd of [
    undefined,
    '',
    'x',
    given.toUpperCase(),
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`,
    `${given}, ${given}`,
    `${given}x`,
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  ])
    expect([odd, sent(odd)]).toEqual([odd, [begun]])
})

test.each<readonly [readonly string[], readonly string[]]>([
  [[], []],
  [
    ['Content-Length', '5'],
    ['content-length', '5'],
  ],
  [
    ['Content-Length', '005'],
    ['content-length', '5'],
  ],
  [
    ['Content-Length', '0'],
    ['content-length', '0'],
  ],
  [['Transfer-Encoding', 'chunked'], []],
  [
    ['Expect', '100-continue', 'Content-Length', '5'],
    ['content-length', '5'],
  ],
])('%j is framed as %j: the rest is the client library’s', (lines, expected) => {
  const { list } = outbound(lines)
  expect(added(list).slice(6)).toEqual(expected)
  expect(list.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())).not.toContain('expect')
})

test('every name that the proxy writes stands once', () => {
  const framings: readonly BodyFraming['kind'][] = ['none', 'length', 'chunked']
  expect(framings).toHaveLength(3)
  const { list } = outbound([
    'Host',
    'a',
    'Via',
    '1.1 b',
    'Forwarded',
    'x',
    'traceparent',
    'y',
    'Content-Length',
    '3',
    'Connection',
    'close',
  ])
  const names = list.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
  expect(names.toSorted()).toEqual(['content-length', 'forwarded', 'host', 'traceparent', 'via'])
})

test.each([
  [undefined, false],
  ['', false],
  ['1.1 ssp', true],
  ['1.1 SSP', false],
  ['1.0 a, 1.1 ssp (x)', true],
  ['HTTP/1.1\tssp', true],
  ['1.1 ssp2, ssp 1.1', false],
  ['1.1 a (1.1 ssp)', false],
])('Via %p has passed here: %s', (via, expected) => {
  expect(hasPassed(via, 'ssp')).toBe(expected)
})
