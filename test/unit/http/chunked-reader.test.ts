import fc from 'fast-check'
import { ChunkedReader } from '../../../src/http/chunked-reader.ts'

/** What is read of a body that comes in pieces of this size. */
function read(text: string, size = text.length) {
  const reader = new ChunkedReader()
  let body = ''
  let taken = 0
  const bytes = Buffer.from(text, 'latin1')
  for (let at = 0; at < bytes.length && !reader.complete && reader.fault === undefined; at += size)
    taken += reader.read(bytes.subarray(at, at + size), (piece) => {
      body += piece.toString('latin1')
    })
  return { body, taken, complete: reader.complete, fault: reader.fault }
}

test('chunks are joined; what stands behind the body is not taken', () => {
  const text = '5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n'
  expect(read(`${text}GET /`)).toEqual({ body: 'hello!', taken: text.length, complete: true, fault: undefined })
})

test('extensions and trailers are left out', () => {
  expect(read('005;a=b;c="d;e"\r\nhello\r\n0;z\r\nX-A: b\r\nHost: evil\r\n\r\n')).toMatchObject({ body: 'hello', complete: true })
})

test('however a body is cut into chunks and pieces, it is the same body', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom('\r', '\n', '0', ';', 'a'), minLength: 1 })),
      fc.integer({ min: 1, max: 9 }),
      (parts, size) => {
        const text = `${parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`
        expect(read(text, size)).toEqual({ body: parts.join(''), taken: text.length, complete: true, fault: undefined })
      },
    ),
  )
})

test.each([
  ['no digits', '\r\n'],
  ['a space before the size', ' 1\r\na\r\n'],
  ['a space behind the size', '1 \r\na\r\n'],
  ['a sign', '+1\r\na\r\n'],
  ['hexadecimal written out', '0x1\r\na\r\n'],
  ['an underscore', '1_0\r\n'],
  ['more digits than a number holds', `${'f'.repeat(14)}\r\n`],
  ['LF behind the size', '1\na\r\n0\r\n\r\n'],
  ['CR CR LF behind the size', '1\r\r\na\r\n'],
  ['LF behind the chunk', '1\r\na\n0\r\n\r\n'],
  ['a chunk longer than its size', '1\r\nab\r\n0\r\n\r\n'],
  ['a CR within an extension', '1;a\rb\r\na\r\n'],
  ['NUL within an extension', '1;\0\r\na\r\n'],
  ['a trailer without a colon', '0\r\nX\r\n\r\n'],
  ['a folded trailer', '0\r\nX: a\r\n b\r\n\r\n'],
  ['a trailer with a space before the colon', '0\r\nX : a\r\n\r\n'],
  ['LF at the end', '0\r\n\n'],
])('%s is malformed, in one piece or byte by byte', (_name, text) => {
  expect(read(text)).toMatchObject({ complete: false, fault: 'malformed' })
  expect(read(text, 1)).toMatchObject({ complete: false, fault: 'malformed' })
})

test.each(['g', '1x', '1\rx', '1\r\naX', '0\r\nX\0'])('%j is told malformed before its line has an end', (text) => {
  expect(read(text, 1).fault).toBe('malformed')
})

test('extensions and trailers have bounds, also where no line ends', () => {
  expect(read(`1;${'a'.repeat(20_000)}`, 1_000).fault).toBe('malformed')
  expect(read('1;a\r\na\r\n'.repeat(10_000)).fault).toBe('malformed')
  expect(read(`0\r\nX: ${'a'.repeat(20_000)}`, 1_000).fault).toBe('too-large')
  expect(read(`0\r\n${'X: a\r\n'.repeat(5_000)}`).fault).toBe('too-large')
})

test('F8: chunks of a byte that are read at once are handed on as one piece', () => {
  const pieces: string[] = []
  const reader = new ChunkedReader()
  const text = `${'1\r\na\r\n'.repeat(2_000)}3\r\nbcd\r\n0\r\n\r\n`
  reader.read(Buffer.from(text), (piece) => pieces.push(piece.toString()))
  expect(pieces).toEqual([`${'a'.repeat(2_000)}bcd`])
  expect(reader.complete).toBe(true)
})
