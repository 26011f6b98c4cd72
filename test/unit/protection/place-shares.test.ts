import fc from 'fast-check'
import { evenPart, placeShares, placesDue } from '../../../src/protection/place-shares.ts'

const divided = (places: number, wants: readonly number[], weights?: readonly number[], owed?: readonly number[]) =>
  placeShares(places, placesDue(places, wants, weights), owed)

test('who wants all gets what the others do not want', () => {
  expect(divided(16, [16, 0])).toEqual([16, 0])
  expect(divided(16, [12, 4])).toEqual([12, 4])
  expect(divided(16, [100, 3])).toEqual([13, 3])
  expect(divided(16, [100, 100])).toEqual([8, 8])
})

test('what nobody wants is divided evenly on top', () => {
  expect(divided(16, [0, 0])).toEqual([8, 8])
  expect(divided(16, [10, 0])).toEqual([13, 3])
})

test('where all want more than there is, each has by its weight, and what one does not want of that is the others’', () => {
  expect(divided(16, [100, 100], [3, 1])).toEqual([12, 4])
  expect(divided(16, [100, 2], [3, 1])).toEqual([14, 2])
  expect(divided(12, [100, 2, 100], [1, 100, 4])).toEqual([2, 2, 8])
})

test('whoever wants places has one, however little it counts; where there are too few for that, half of an even part', () => {
  expect(divided(4, [100, 100], [1000, 1])).toEqual([3, 1])
  expect(placesDue(1, [100, 100], [1000, 1])[1]).toBeCloseTo(0.25)
})

test('of what cannot be divided, one more goes to each that was owed most', () => {
  expect(divided(1, [5, 5])).toEqual([1, 0])
  expect(divided(1, [5, 5], [], [-0.5, 0.5])).toEqual([0, 1])
  expect(divided(5, [5, 5, 5], [], [-0.5, 0, 0.5])).toEqual([1, 2, 2])
  expect(divided(5, [1, 5, 5], [], [1, 0, 0])).toEqual([1, 2, 2])
})

const demands = fc.tuple(
  fc.nat(200),
  fc.array(fc.nat(100), { minLength: 1, maxLength: 16 }),
  fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { maxLength: 16 }),
)

test('whatever is wanted: together they are all places, and who wants them has an even part at least where all count the same', () => {
  fc.assert(
    fc.property(demands, ([places, wants, owed]) => {
      const shares = divided(places, wants, [], owed)
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
    fc.property(demands, ([places, wants, owed]) => {
      const shares = divided(places, wants, [], owed)
      shares.forEach((share, at) => {
        if (share >= (wants[at] ?? 0)) return
        shares.forEach((other, of) => {
          expect(other).toBeLessThanOrEqual(Math.min(share + 1, wants[of] ?? 0))
        })
      })
    }),
  )
})

test('whatever is wanted and however they count: together they are all places, nobody is off what it is due by a place, and nobody has any that it does not want while another lacks some', () => {
  const weighted = fc.array(fc.tuple(fc.nat(100), fc.double({ min: 0.01, max: 100, noNaN: true })), { minLength: 1, maxLength: 16 })
  fc.assert(
    fc.property(fc.nat(200), weighted, demands, (places, workers, [, , owed]) => {
      const wants = workers.map(([want]) => want)
      const due = placesDue(
        places,
        wants,
        workers.map(([, weight]) => weight),
      )
      const shares = placeShares(places, due, owed)
      expect(shares.reduce((sum, one) => sum + one, 0)).toBe(places)
      const lacking = wants.some((want, at) => want > (shares[at] ?? 0))
      shares.forEach((share, at) => {
        if (lacking) expect(share).toBeLessThanOrEqual(wants[at] ?? 0)
        if (lacking) expect(Math.abs(share - (due[at] ?? 0))).toBeLessThan(1)
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
