import fc from 'fast-check'
import { evenPart, placeShares } from '../../../src/protection/place-shares.ts'

test('who wants all gets what the others do not want', () => {
  expect(placeShares(16, [16, 0])).toEqual([16, 0])
  expect(placeShares(16, [12, 4])).toEqual([12, 4])
  expect(placeShares(16, [100, 3])).toEqual([13, 3])
  expect(placeShares(16, [100, 100])).toEqual([8, 8])
})

test('what nobody wants is divided evenly on top', () => {
  expect(placeShares(16, [0, 0])).toEqual([8, 8])
  expect(placeShares(16, [10, 0])).toEqual([13, 3])
})

test('one place that two want goes to each in turn', () => {
  expect([0, 1, 2].map((turn) => placeShares(1, [5, 5], turn))).toEqual([
    [1, 0],
    [0, 1],
    [1, 0],
  ])
})

const demands = fc.tuple(fc.nat(200), fc.array(fc.nat(100), { minLength: 1, maxLength: 16 }), fc.nat(40))

test('whatever is wanted: together they are all places, and who wants them has an even part at least', () => {
  fc.assert(
    fc.property(demands, ([places, wants, turn]) => {
      const shares = placeShares(places, wants, turn)
      expect(shares.reduce((sum, one) => sum + one, 0)).toBe(places)
      const even = Math.floor(places / wants.length)
      shares.forEach((share, at) => {
        expect(share).toBeGreaterThanOrEqual(Math.min(wants[at] ?? 0, even))
      })
    }),
  )
})

test('whatever is wanted: nobody lacks a place while another has two more than it, or more than that one wants', () => {
  fc.assert(
    fc.property(demands, ([places, wants, turn]) => {
      const shares = placeShares(places, wants, turn)
      shares.forEach((share, at) => {
        if (share >= (wants[at] ?? 0)) return
        shares.forEach((other, of) => {
          expect(other).toBeLessThanOrEqual(Math.min(share + 1, wants[of] ?? 0))
        })
      })
    }),
  )
})

test('even parts are the whole, and differ by one at most', () => {
  fc.assert(
    fc.property(fc.nat(1000), fc.integer({ min: 1, max: 64 }), (whole, among) => {
      const parts = Array.from({ length: among }, (_, nth) => evenPart(whole, nth, among))
      expect(parts.reduce((sum, one) => sum + one, 0)).toBe(whole)
      expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1)
    }),
  )
})
