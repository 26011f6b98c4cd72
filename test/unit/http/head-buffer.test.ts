import fc from 'fast-check'
import { HeadBuffer } from '../../../src/http/head-buffer.ts'

const anything = () => true
const bytes = (text: string) => Buffer.from(text, 'latin1')

test('a head ends at the first empty line, and what stands behind it is given back', () => {
  expect(new HeadBuffer(100, anything).read(bytes('A\r\nB: c\r\n\r\nbody\r\n\r\n'))).toEqual({
    kind: 'head',
    text: 'A\r\nB: c',
    rest: bytes('body\r\n\r\n'),
  })
  expect(new HeadBuffer(100, anything).read(bytes('A\r\n\r\n'))).toEqual({ kind: 'head', text: 'A', rest: undefined })
})

test('however it is cut into pieces it is the same head', () => {
  const text = 'GET / HTTP/1.1\r\nHost: a\r\nX: \xff\r\n\r\nrest'
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1 }), (sizes) => {
      const heads = new HeadBuffer(100, anything)
      let at = 0
      for (let turn = 0; ; turn++) {
        const next = at + (sizes[turn % sizes.length] ?? 1)
        const found = heads.read(bytes(text.slice(at, next)))
        at = next
        if (found.kind === 'more') {
          expect(heads.begun).toBe(true)
          continue
        }
        expect(found).toMatchObject({ kind: 'head', text: text.slice(0, text.indexOf('\r\n\r\n')) })
        expect((found.kind === 'head' && found.rest?.toString('latin1')) || '').toBe(text.slice(text.indexOf('\r\n\r\n') + 4, at))
        expect(heads.begun).toBe(false)
        return
      }
    }),
  )
})

test('one or two empty lines before it are passed over, more are no head', () => {
  for (const before of ['\r\n', '\r\n\r\n'])
    expect(new HeadBuffer(100, anything).read(bytes(`${before}A\r\n\r\n`))).toMatchObject({ text: 'A' })
  expect(new HeadBuffer(100, anything).read(bytes('\r\n\r\n\r\n\r\nA\r\n\r\n'))).toMatchObject({ text: '' })
})

test.each(['A\nB', '\n', 'A\r\nB\rC', 'A\0', 'A\r\n\rX'])('%j can never become one, and that is told at once', (text) => {
  expect(new HeadBuffer(100, anything).read(bytes(text))).toMatchObject({ kind: 'malformed' })
})

test('a CR at the very end may yet become the end of a line', () => {
  const heads = new HeadBuffer(100, anything)
  expect(heads.read(bytes('A\r'))).toEqual({ kind: 'more' })
  expect(heads.read(bytes('\n\r\n'))).toMatchObject({ kind: 'head', text: 'A' })
})

test('whoever knows how a head begins is asked while it has no end', () => {
  const heads = new HeadBuffer(100, (text) => 'HTTP'.startsWith(text.slice(0, 4)))
  expect(heads.read(bytes('HT'))).toEqual({ kind: 'more' })
  expect(heads.read(bytes('XX'))).toMatchObject({ kind: 'malformed', text: 'HTXX' })
})

test('a head beyond the limit is too large, whether its end has come or not', () => {
  expect(new HeadBuffer(10, anything).read(bytes('A'.repeat(11)))).toMatchObject({ kind: 'too-large' })
  expect(new HeadBuffer(10, anything).read(bytes(`${'A'.repeat(20)}\r\n\r\n`))).toMatchObject({ kind: 'too-large' })
  expect(new HeadBuffer(10, anything).read(bytes(`${'A'.repeat(10)}`))).toEqual({ kind: 'more' })
})

test('D9: a head that comes byte by byte is not read anew for each byte', () => {
  let asked = 0
  const heads = new HeadBuffer(65_536, () => ++asked > 0)
  const text = `GET / HTTP/1.1\r\n${'A: b\r\n'.repeat(4_000)}X: ${'x'.repeat(40_000)}`
  for (const byte of bytes(text)) expect(heads.read(Buffer.of(byte)).kind === 'more').toBe(true)
  expect(asked).toBeLessThan(1_000)
  expect(heads.read(bytes('\r\n\r\nrest'))).toEqual({ kind: 'head', text, rest: bytes('rest') })
})

test('a long head, cut anywhere, is told to be one or none as soon as the same bytes in one piece are', () => {
  const lineOf = (text: string) => (text.includes('\r\n') ? /^[A-Z]+ [^ ]+$/.test(text.slice(0, text.indexOf('\r\n'))) : true)
  const begins = (text: string) => lineOf(text)
  const part = fc.constantFrom('\r', '\n', '\0', '\r\n', '\r\n\r\n', ' ', 'A: b', 'A: b\r\n', 'A: b\r\n', 'x')
  const first = fc.constantFrom('GET /', 'GET / x', '\r\nGET /', '\r\n\r\nGET /')
  fc.assert(
    fc.property(first, fc.boolean(), fc.array(part, { maxLength: 12 }), fc.integer({ min: 1, max: 5 }), (line, ended, parts, size) => {
      const text = `${line}${ended ? '\r\nB: ' : ''}${'y'.repeat(260)}${parts.join('')}`
      const heads = new HeadBuffer(300, begins)
      for (let at = 0; at < text.length; at += size) {
        const told = heads.read(bytes(text.slice(at, at + size)))
        const whole = new HeadBuffer(300, begins).read(bytes(text.slice(0, at + size)))
        expect(told).toEqual(whole)
        if (told.kind !== 'more') return
      }
    }),
    { numRuns: 2_000 },
  )
})
