import fc from 'fast-check'
import { findString, packStrings, stringAt } from '../../../src/registry/string-table.ts'
import { createTripleIndex, findTriple } from '../../../src/registry/triple-index.ts'

describe('a string table', () => {
  test('gives every string back, and finds those of ASCII', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }))), (strings) => {
        const table = packStrings(strings)
        for (const [n, text] of strings.entries()) {
          expect(stringAt(table, n)).toBe(Buffer.from(text, 'utf8').toString('utf8'))
          expect(findString(table, text)).toBe(/^[\u0000-\u007f]*$/.test(text) ? n : -1)
        }
      }),
    )
  })

  test('finds nothing else', () => {
    const table = packStrings(['a', 'ab', 'é'])
    for (const text of ['', 'b', 'abc', 'Ã©', 'é', 'A', 'x'.repeat(1_000_000)]) expect(findString(table, text)).toBe(-1)
    expect(findString(packStrings([]), '')).toBe(-1)
    expect(findString(packStrings(['']), '')).toBe(0)
  })

  test('finds the beginning of a text', () => {
    const table = packStrings(['urn:a:', 'urn:a:b'])
    expect(findString(table, 'urn:a:b', 6)).toBe(0)
    expect(findString(table, 'urn:a:b', 5)).toBe(-1)
  })
})

describe('an index of triples', () => {
  test('holds what a map would hold', () => {
    const number = fc.integer({ min: -1, max: 5 })
    fc.assert(
      fc.property(fc.array(fc.tuple(number, number, number, fc.nat({ max: 0x7ffffffe }))), (entries) => {
        const index = createTripleIndex()
        const map = new Map<string, number>()
        for (const [a, b, c, value] of entries) {
          index.set(a, b, c, value)
          map.set(`${a} ${b} ${c}`, value)
        }
        for (let a = -1; a <= 5; a++)
          for (let b = -1; b <= 5; b++)
            for (let c = -1; c <= 5; c++) expect(findTriple(index.table, a, b, c)).toBe(map.get(`${a} ${b} ${c}`) ?? -1)
      }),
    )
  })

  test('grows', () => {
    const index = createTripleIndex()
    for (let n = 0; n < 50_000; n++) index.set(n, n * 2, -1, n)
    for (let n = 0; n < 50_000; n++) expect(index.get(n, n * 2, -1)).toBe(n)
    expect(index.get(1, 1, -1)).toBe(-1)
  })
})
