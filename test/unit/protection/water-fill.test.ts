import fc from 'fast-check'
import { type Claim, waterFill } from '../../../src/protection/water-fill.ts'

const claim = (want: number, weight = 1, floor = 0): Claim => ({ want, weight, floor })

function expectParts(whole: number, claims: readonly Claim[], expected: readonly number[]): void {
  const parts = waterFill(whole, claims)
  expect(parts).toHaveLength(expected.length)
  parts.forEach((part, at) => {
    expect(part).toBeCloseTo(expected[at] ?? Number.NaN)
  })
}

test('each has by its weight, no more than it wants and no less than its floor', () => {
  expectParts(16, [claim(100), claim(100)], [8, 8])
  expectParts(16, [claim(100, 3), claim(100)], [12, 4])
  expectParts(16, [claim(2), claim(100), claim(100)], [2, 7, 7])
  expectParts(16, [claim(100, 1, 10), claim(100), claim(100)], [10, 3, 3])
  expectParts(16, [claim(3, 1, 10), claim(100)], [3, 13])
  expectParts(10, [claim(100, 1, 10), claim(100, 1, 30), claim(100)], [2.5, 7.5, 0])
})

test('where there is enough, each has what it wants; of nothing nobody has any', () => {
  expect(waterFill(16, [claim(3), claim(4, 5, 9)])).toEqual([3, 4])
  expect(waterFill(0, [claim(3), claim(4)])).toEqual([0, 0])
  expect(waterFill(5, [])).toEqual([])
})

test('whatever is claimed: all is given while anybody lacks, and who lacks has no less, for its weight, than any that is not at its floor', () => {
  const claims = fc.array(fc.record({ want: fc.nat(100), weight: fc.double({ min: 0.01, max: 100, noNaN: true }), floor: fc.nat(20) }), {
    minLength: 1,
    maxLength: 20,
  })
  fc.assert(
    fc.property(fc.nat(300), claims, (whole, of) => {
      const parts = waterFill(whole, of)
      const given = parts.reduce((sum, part) => sum + part, 0)
      const wanted = of.reduce((sum, { want }) => sum + want, 0)
      expect(given).toBeCloseTo(Math.min(whole, wanted), 6)
      const floors = of.reduce((sum, { floor, want }) => sum + Math.min(floor, want), 0)
      of.forEach((one, at) => {
        const part = parts[at] ?? 0
        expect(part).toBeLessThanOrEqual(one.want + 1e-9)
        if (floors <= whole) expect(part).toBeGreaterThanOrEqual(Math.min(one.floor, one.want) - 1e-9)
        if (part >= one.want - 1e-6 || floors >= whole) return
        of.forEach((other, of_) => {
          const others = parts[of_] ?? 0
          if (others > Math.min(other.floor, other.want) + 1e-6) expect(others / other.weight).toBeLessThanOrEqual(part / one.weight + 1e-6)
        })
      })
    }),
  )
})
