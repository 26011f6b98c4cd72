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

test('of places that more want than there are, one more goes to each that was served longest ago', () => {
  expect(placeShares(1, [5, 5])).toEqual([1, 0])
  expect(placeShares(1, [5, 5], [2, 1])).toEqual([0, 1])
  expect(placeShares(5, [5, 5, 5], [3, 2, 1])).toEqual([1, 2, 2])
  expect(placeShares(5, [1, 5, 5], [1, 2, 3])).toEqual([1, 2, 2])
})

const demands = fc.tuple(fc.nat(200), fc.array(fc.nat(100), { minLength: 1, maxLength: 16 }), fc.array(fc.nat(40)))

test('whatever is wanted: together they are all places, and who wants them has an even part at least', () => {
  fc.assert(
    fc.property(demands, ([places, wants, served]) => {
      const shares = placeShares(places, wants, served)
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
    fc.property(demands, ([places, wants, served]) => {
      const shares = placeShares(places, wants, served)
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
