import fc from 'fast-check'
import { canBeginRequest, readRequestHead } from '../../../src/listener/request-head.ts'
import { isRefusal } from '../../../src/spine/refusal.ts'

const codeOf = (text: string) => {
  const read = readRequestHead(text)
  return isRefusal(read) ? read.code : 'read'
}

test('method, target, version and headers come as they are', () => {
  expect(readRequestHead('GET /https://p/x?a=%20b|c HTTP/1.1\r\nHost: a\r\nX-A: b')).toEqual({
    method: 'GET',
    target: '/https://p/x?a=%20b|c',
    httpVersion: '1.1',
    rawHeaders: ['Host', 'a', 'X-A', 'b'],
    headerNames: ['host', 'x-a'],
  })
})

test.each([
  ['GET / HTTP/1.0', 'read'],
  ['GET / HTTP/2.0', 'read'],
  ['GET /caf\xe9 HTTP/1.1', 'read'],
  ['get / HTTP/1.1', 'NOT_IMPLEMENTED'],
  ['FROBNICATE / HTTP/1.1', 'NOT_IMPLEMENTED'],
  ['', 'NOT_IMPLEMENTED'],
  [' GET / HTTP/1.1', 'NOT_IMPLEMENTED'],
  ['PRI * HTTP/2.0', 'MALFORMED_REQUEST'],
  ['GET  / HTTP/1.1', 'MALFORMED_REQUEST'],
  ['GET /  HTTP/1.1', 'MALFORMED_REQUEST'],
  ['GET / HTTP/1.1 ', 'MALFORMED_REQUEST'],
  ['GET\t/ HTTP/1.1', 'MALFORMED_REQUEST'],
  ['GET /\0 HTTP/1.1', 'MALFORMED_REQUEST'],
  ['GET / ICE/1.0', 'MALFORMED_REQUEST'],
  ['GET /', 'VERSION_NOT_SUPPORTED'],
  ['GET / HTTP/1', 'VERSION_NOT_SUPPORTED'],
  ['GET / HTTP/1.10', 'VERSION_NOT_SUPPORTED'],
  ['GET / HTTP/1.1\r\nHost', 'MALFORMED_REQUEST'],
  ['GET / HTTP/1.1\r\n Host: a', 'MALFORMED_REQUEST'],
])('%j is %s', (text, code) => {
  expect(codeOf(text)).toBe(code)
})

test('whatever can be read can begin, at every length of it', () => {
  const text = 'PUT /https://p.nhs.uk/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5'
  for (let end = 0; end <= text.length; end++) expect(canBeginRequest(text.slice(0, end))).toBe(true)
})

test.each(['\x16\x03\x01', 'get', 'FROBNICATE ', 'A'.repeat(33), 'GET / HTTP/1.1 x\r\n', 'GET /\r\n', '{"a"'])(
  '%j begins no request',
  (text) => {
    expect(canBeginRequest(text)).toBe(false)
  },
)

test('any text is read or refused, without a throw, and a refusal shows nothing of it', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'GET /HP1.\r\n:\0secret\xff'.split('')) }), (text) => {
      const read = readRequestHead(`secret${text}`)
      if (isRefusal(read)) expect(JSON.stringify(read)).not.toContain('secret')
    }),
  )
})
