import fc from 'fast-check'
import { findAsid, packAsids } from '../../../src/registry/asid-index.ts'

const asid = fc.oneof(
  fc.nat({ max: 30 }).map((n) => String(n).padStart(12, '0')),
  fc.nat({ max: 30 }).map((n) => String(n).padEnd(12, '0')),
  fc.bigInt({ min: 0n, max: 999_999_999_999n }).map((n) => String(n).padStart(12, '0')),
)

test('an index of ASIDs gives each its row, and no other ASID one', () => {
  fc.assert(
    fc.property(fc.uniqueArray(asid), fc.array(asid), (held, asked) => {
      const rows = new Map(held.map((text, row) => [text, row]))
      const index = packAsids(rows)
      for (const text of [...held, ...asked]) expect(findAsid(index, text)).toBe(rows.get(text) ?? -1)
    }),
  )
})

test('what is not twelve digits is in no index', () => {
  const index = packAsids([
    ['000000000001', 0],
    ['200000000359', 1],
  ])
  const others = ['', '1', '20000000035', '2000000003590', ' 20000000359', '20000000035 ', '+20000000359', '2000000003:9', '20000000035/']
  for (const text of [...others, '２00000000359', '200000000\u0000359', 'x'.repeat(1_000_000)]) expect(findAsid(index, text)).toBe(-1)
  expect(findAsid(packAsids([]), '200000000359')).toBe(-1)
})
