import fc from 'fast-check'
import type { LookForm, WireForm } from '../../../src/spine/arrival.ts'
import { isRefusal, type Refusal } from '../../../src/spine/refusal.ts'
import { readWireForm } from '../../../src/spine/wire-form.ts'
import { namesOf } from '../../support/names-of.ts'

const limits = { maxHeaders: 100, maxTargetBytes: 8192 }
const target = '/https://provider.thirdparty.nhs.uk/T99999/STU3/1/Patient'
const host = ['Host', 'localhost']

function read(
  headers: readonly string[],
  over: { method?: string; version?: string; target?: string } = {},
): WireForm | LookForm | Refusal {
  return readLines(over.method ?? 'GET', over.version ?? '1.1', over.target ?? target, [...host, ...headers])
}

/** The same of all its lines. */
function readLines(
  method: string,
  version: string,
  from: string,
  lines: readonly string[],
  headers = new Map<string, string>(),
): WireForm | LookForm | Refusal {
  return readWireForm(method, version, from, lines, namesOf(lines), headers, limits)
}

function codeOf(form: WireForm | LookForm | Refusal): string {
  return isRefusal(form) ? form.code : 'taken'
}

test.each<readonly [readonly string[], object]>([
  [[], { kind: 'none' }],
  [['Content-Length', '0'], { kind: 'none' }],
  [['Content-Length', '5'], { kind: 'length', bytes: 5 }],
  [['content-length', '007'], { kind: 'length', bytes: 7 }],
  [['Transfer-Encoding', 'chunked'], { kind: 'chunked' }],
  [['Transfer-Encoding', 'Chunked'], { kind: 'chunked' }],
])('%j frames %j', (headers, body) => {
  expect(read(headers)).toMatchObject({ body })
})

test.each([
  ['Content-Length', ''],
  ['Content-Length', '+5'],
  ['Content-Length', '-5'],
  ['Content-Length', '5, 5'],
  ['Content-Length', '0x5'],
  ['Content-Length', '5 '],
  ['Content-Length', '9'.repeat(16)],
  ['Content-Length', '5', 'Content-Length', '5'],
  ['Content-Length', '5', 'Transfer-Encoding', 'chunked'],
  ['Transfer-Encoding', 'chunked', 'Content-Length', '5'],
  ['Transfer-Encoding', ',chunked'],
  ['Transfer-Encoding', 'gzip, chunked'],
  ['Transfer-Encoding', 'chunked;q=1'],
  ['Transfer-Encoding', 'xchunked'],
  ['Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked'],
  ['Transfer-Encoding', ''],
  ['Host', 'other'],
  ['Ssp-From', '1', 'ssp-from', '1'],
  ['Ssp-Anything', '1', 'SSP-ANYTHING', '1'],
  ['Authorization', 'a', 'Authorization', 'b'],
  ['Content-Type', 'a', 'Content-Type', 'b'],
  ['traceparent', 'a', 'traceparent', 'b'],
  ['X', 'a\rb'],
  ['X', 'a\nb'],
  ['X', 'a\0b'],
  ['X', 'a\x7fb'],
  ['Ssp-From', '\xe9'],
  ['Authorization', 'Bearer \xff'],
  ['X-HTTP-Method-Override', 'PUT'],
  ['x-method-override', ''],
  ['X-HTTP-Method', 'PUT'],
  ['Connection', 'Ssp-From'],
  ['Connection', 'close, AUTHORIZATION'],
  ['Connection', 'host'],
  ['Connection', 'content-type'],
  ['Connection', 'Via'],
  ['Connection', ' forwarded '],
  ['Connection', 'traceparent'],
  ['Connection', 'Transfer-Encoding'],
  ['Connection', 'x', 'Connection', 'Ssp-To'],
])('%j is malformed', (...headers) => {
  expect(codeOf(read(headers))).toBe('MALFORMED_REQUEST')
})

test.each([
  ['Connection', 'close'],
  ['Connection', 'keep-alive, X-Own'],
  ['Connection', ''],
  ['X', 'a\tb'],
  ['X', 'caf\xe9'],
  ['Accept', 'a', 'Accept', 'b'],
  ['Ssp_From', '1'],
  ['Expect', '100-Continue'],
  ['__proto__', 'x', 'constructor', 'y', 'toString', 'z', 'hasOwnProperty', 'w'],
])('%j is taken', (...headers) => {
  expect(codeOf(read(headers))).toBe('taken')
})

test.each([
  ['Host', ''],
  ['Host', 'provider.thirdparty.nhs.uk'],
  ['Host', '[::1]:8443'],
  ['Host', 'a,b'],
  ['Host', 'caf%C3%A9:'],
])('any single %s of %p is taken: it chooses nothing', (...lines) => {
  expect(codeOf(readLines('GET', '1.1', target, lines))).toBe('taken')
})

test.each([
  ...['a b', 'a/b', 'a@b\\', 'a, b', 'caf\xe9', '<a>'],
  ...['a:b:c', 'a:b', 'a:8443x', '[::1', '::1]', '[::1]x', '[]', '[a/b]', 'a%', 'a%zz', 'a:-1'],
])('a Host of %p is malformed', (value) => {
  expect(codeOf(readLines('GET', '1.1', target, ['Host', value]))).toBe('MALFORMED_REQUEST')
})

test.each([
  ['application/fhir+json, text/html', 'MALFORMED_REQUEST'],
  ['a/b,c/d', 'MALFORMED_REQUEST'],
  ['a/b; x="1,2", c/d', 'MALFORMED_REQUEST'],
  ['a/b; x=", c/d', 'MALFORMED_REQUEST'],
  ['a/b; x="1,2"; y="\\",\\""', 'taken'],
  ['multipart/related; boundary="a,b"', 'taken'],
  ['anything', 'taken'],
])('a Content-Type of %p, which has one value (RFC 9110, 8.3): %s', (value, expected) => {
  expect(codeOf(read(['Content-Type', value]))).toBe(expected)
})

test('the versions: 1.1 needs a Host, 1.0 does not and knows no chunks, others are not spoken', () => {
  expect(codeOf(readLines('GET', '1.1', target, []))).toBe('MALFORMED_REQUEST')
  expect(codeOf(readLines('GET', '1.0', target, []))).toBe('taken')
  expect(codeOf(read(['Transfer-Encoding', 'chunked'], { version: '1.0' }))).toBe('MALFORMED_REQUEST')
  for (const version of ['0.9', '2.0', '1.2', '']) expect(codeOf(read([], { version }))).toBe('VERSION_NOT_SUPPORTED')
})

test('bounds, expectations, tunnels and overrides in the query have codes of their own', () => {
  expect(codeOf(read(Array.from({ length: 99 }, () => ['X', 'a']).flat()))).toBe('taken')
  expect(codeOf(read(Array.from({ length: 100 }, () => ['X', 'a']).flat()))).toBe('HEADERS_TOO_LARGE')
  expect(codeOf(read([], { target: `${target}/${'a'.repeat(8192)}` }))).toBe('URI_TOO_LONG')
  expect(codeOf(read(['Expect', 'x']))).toBe('EXPECTATION_FAILED')
  expect(codeOf(read(['Expect', '']))).toBe('EXPECTATION_FAILED')
  expect(codeOf(read([], { method: 'CONNECT', target: 'a:443' }))).toBe('NOT_IMPLEMENTED')
  for (const query of ['?_method=PUT', '?a=b&_METHOD=x', '?_method'])
    expect(codeOf(read([], { target: target + query }))).toBe('MALFORMED_REQUEST')
  for (const query of ['?x_method=1', '?a=_method', '?_methods=1']) expect(codeOf(read([], { target: target + query }))).toBe('taken')
})

test('every header is given back by its lower-cased name, repeated ones joined, whatever is wrong', () => {
  const headers = new Map<string, string>()
  readLines('GET', '1.1', 'bad', ['Host', 'a', 'ACCEPT', 'b', 'accept', 'c', 'Ssp-To', '1'], headers)
  expect([...headers]).toEqual([
    ['host', 'a'],
    ['accept', 'b, c'],
    ['ssp-to', '1'],
  ])
})

test('any head is decided without a throw, and a refusal closes and shows nothing of a value', () => {
  const name = fc.oneof(fc.constantFrom('Host', 'Connection', 'Content-Length', 'Transfer-Encoding', 'Ssp-From', '__proto__'), fc.string())
  const value = fc.oneof(
    fc.constantFrom('chunked', '5', 'close', 'Via'),
    fc.string({ unit: 'binary', minLength: 1 }).map((text) => `secret${text}`),
  )
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value)), fc.string(), fc.constantFrom('1.1', '1.0'), (lines, path, version) => {
      const form = readLines('GET', version, `/https://p1.nhs.uk/${path}`, lines.flat())
      if (!isRefusal(form)) return
      expect(form.closes).toBe(true)
      expect(form.rule).toBe('wire-form')
      for (const fault of form.faults) expect(fault.detail).not.toContain('secret')
    }),
  )
})

test('a target that names an exchange names no provider, and is held to the rest of the form', () => {
  const exchangeSought = '4f0c1d7e8b9d1ac77f1adafd5271d445'
  const looks = { target: `/ssp/exchanges/${exchangeSought}` }
  expect(read(['Connection', 'close'], looks)).toEqual({ exchangeSought, body: { kind: 'none' }, connectionNames: ['close'] })
  expect(read([], { target: '/ssp/exchanges/09a01679-2564-0fb4-5129-aecc81ea2706' })).toHaveProperty('exchangeSought')
  expect(codeOf(read(['Content-Length', '1', 'Transfer-Encoding', 'chunked'], looks))).toBe('MALFORMED_REQUEST')
})

test.each([
  '/ssp/exchanges/',
  '/ssp/exchanges',
  '/ssp/exchanges/4f0c?x',
  '/ssp/exchanges/4f0c/',
  '/ssp/exchanges/%34f0c',
  '//ssp/exchanges/4f0c',
  '/SSP/exchanges/4f0c',
  '/ssp/exchanges/../lockouts',
  '/ssp/lockouts',
  `/ssp/exchanges/${'a'.repeat(65)}`,
])('%s names neither a provider nor an exchange', (from) => {
  expect(codeOf(read([], { target: from }))).toBe('MALFORMED_REQUEST')
})
