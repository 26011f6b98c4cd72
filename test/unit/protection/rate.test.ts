import fc from 'fast-check'
import { type RateLimit, takeFromRate } from '../../../src/protection/rate.ts'

/** Sends at these times and gives back those that were let through, and every status. */
function run(limit: RateLimit, times: readonly number[]) {
  let due: number | undefined
  const taken: number[] = []
  const statuses = times.map((now) => {
    const step = takeFromRate(limit, due, now)
    due = step.due
    if (step.status.allowed) taken.push(now)
    return step.status
  })
  return { taken, statuses }
}

test('after a pause the burst passes at once, then one at a time', () => {
  const limit = { perSecond: 10, burst: 3 }
  const { statuses } = run(limit, [0, 0, 0, 0, 99, 100, 150, 200, 10_000, 10_000, 10_000, 10_000])
  expect(statuses.map(({ allowed }) => allowed)).toEqual([true, true, true, false, false, true, false, true, true, true, true, false])
  expect(statuses.map(({ remaining }) => remaining)).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0])
  expect(statuses[3]).toMatchObject({ retryAfter: 100, reset: 300, limit })
  expect(statuses[4]?.retryAfter).toBeCloseTo(1)
})

const limits = fc.record({ perSecond: fc.double({ min: 0.01, max: 10_000, noNaN: true }), burst: fc.integer({ min: 1, max: 1000 }) })
const times = fc
  .array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 2000, noNaN: true })), { minLength: 1, maxLength: 300 })
  .map((gaps) => {
    let now = 0
    return gaps.map((gap) => {
      now += gap
      return now
    })
  })

test('in any window never more than burst + rate × time are let through', () => {
  fc.assert(
    fc.property(limits, times, (limit, at) => {
      const { taken } = run(limit, at)
      for (let first = 0; first < taken.length; first += 7)
        for (let last = first; last < taken.length; last++) {
          const seconds = (taken[last]! - taken[first]!) / 1000
          expect(last - first + 1).toBeLessThanOrEqual(limit.burst + limit.perSecond * seconds + 1e-6 * (1 + limit.perSecond * seconds))
        }
    }),
  )
})

test('what a status says comes true: so many more pass at once, and one more when retryAfter is over', () => {
  fc.assert(
    fc.property(limits, times, (limit, at) => {
      let due: number | undefined
      for (const now of at) {
        const step = takeFromRate(limit, due, now)
        due = step.due
        const { allowed, remaining, retryAfter, reset } = step.status
        expect(remaining).toBeLessThan(limit.burst)
        expect(Number.isInteger(remaining)).toBe(true)
        expect(reset).toBeGreaterThanOrEqual(0)
        expect(allowed ? retryAfter === 0 : retryAfter > 0).toBe(true)
        if (!allowed) expect(takeFromRate(limit, due, now + retryAfter + 1e-6).status.allowed).toBe(true)
        if (remaining > 0) expect(takeFromRate(limit, due, now).status.allowed).toBe(true)
        const whole = takeFromRate(limit, due, now + reset + 1e-6).status
        expect(whole.remaining).toBe(limit.burst - 1)
      }
    }),
  )
})

test('a refused request changes nothing', () => {
  fc.assert(
    fc.property(limits, times, fc.integer({ min: 1, max: 20 }), (limit, at, repeats) => {
      let due: number | undefined
      for (const now of at) {
        const step = takeFromRate(limit, due, now)
        due = step.due
        if (step.status.allowed) continue
        for (let i = 0; i < repeats; i++) expect(takeFromRate(limit, due, now)).toEqual(step)
      }
    }),
  )
})
