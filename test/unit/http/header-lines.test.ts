import fc from 'fast-check'
import { lowerCasedName, readHeaderLines } from '../../../src/http/header-lines.ts'

const read = (text: string) => readHeaderLines(text, 0)

test('names and values come byte for byte, in order; the white space around a value does not belong to it', () => {
  expect(read('Host: a\r\nX-A:b\r\nx-a:\t caf\xe9 \t\r\nEmpty:\r\nColons: a:b')).toEqual({
    raw: ['Host', 'a', 'X-A', 'b', 'x-a', 'caf\xe9', 'Empty', '', 'Colons', 'a:b'],
    names: ['host', 'x-a', 'x-a', 'empty', 'colons'],
  })
})

test('a head without lines has none', () => {
  expect(read('')).toEqual({ raw: [], names: [] })
  expect(readHeaderLines('GET / HTTP/1.1', 14)).toEqual({ raw: [], names: [] })
})

test.each([
  ['no colon', 'Host'],
  ['no name', ': a'],
  ['a space before the colon', 'Host : a'],
  ['a folded line', 'X-A: b\r\n c: d'],
  ['a folded line by a tab', 'X-A: b\r\n\tc: d'],
  ['an empty line within', 'X-A: b\r\n\r\nX-B: c'],
  ['a line end behind the last', 'X-A: b\r\n'],
  ['a bare LF', 'X-A: b\nX-B: c'],
  ['a bare CR', 'X-A: b\rX-B: c'],
  ['CR CR LF', 'X-A: b\r\r\nX-B: c'],
  ['NUL in a value', 'X-A: \0'],
  ['NUL in a name', 'X\0A: b'],
  ['another control character', 'X-A: a\x1cb'],
  ['DEL', 'X-A: \x7f'],
  ['a byte beyond ASCII in a name', 'X\xe9: b'],
  ['a separator in a name', 'X(A): b'],
  ['a colon of the next line', 'GET / HTTP\r\nX-A: b'],
])('%s is no header line', (_name, text) => {
  expect(read(text)).toBeUndefined()
})

test('what is read is what was written, whatever the names and values', () => {
  const name = fc.string({ unit: fc.constantFrom(..."aZ09!#$%&'*+-.^_`|~".split('')), minLength: 1 })
  const inner = fc.string({ unit: fc.constantFrom(...' \t:;,aZ~\x80\xff'.split('')) }).map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''))
  fc.assert(
    fc.property(fc.array(fc.tuple(name, inner), { minLength: 1 }), fc.constantFrom('', ' ', '\t ', '  '), (lines, space) => {
      const text = lines.map(([left, right]) => `${left}:${space}${right}${space}`).join('\r\n')
      expect(read(text)).toEqual({ raw: lines.flat(), names: lines.map(([left]) => left.toLowerCase()) })
    }),
  )
})

test('more names than are remembered are read all the same', () => {
  for (let i = 0; i < 3_000; i++) expect(lowerCasedName(`X-Name-${i}`)).toBe(`x-name-${i}`)
  expect(lowerCasedName('X-Name-2999')).toBe('x-name-2999')
  expect(lowerCasedName('not a token')).toBeUndefined()
})
