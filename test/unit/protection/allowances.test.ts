import fc from 'fast-check'
import { createAllowances, type Taking, type Want } from '../../../src/protection/allowances.ts'
import { type PartyLimit, rateOf } from '../../../src/protection/party-limit.ts'
import { manualClock } from '../../support/manual-clock.ts'

const want = (dimension: string, party: string, limit: PartyLimit, observe = false): Want => ({ dimension, party, limit, observe })
/** Whether it was taken; what it holds is given back. */
function passed(taking: Taking): boolean {
  if (taking.taken) taking.holding.release()
  return taking.taken
}
const two = { rate: rateOf(1, 2) }

test('a refused call takes nothing of any limit, in whatever order they stand', () => {
  const clock = manualClock()
  const { take } = createAllowances(clock.elapsed)
  const wide = { rate: rateOf(1, 10), concurrent: 100 }
  for (let i = 0; i < 2; i++) expect(passed(take([want('system', 'a', wide), want('provider', 'p', two)], 0))).toBe(true)
  for (let i = 0; i < 50; i++) {
    expect(passed(take([want('system', 'a', wide), want('provider', 'p', two)], 0))).toBe(false)
    expect(passed(take([want('provider', 'p', two), want('system', 'a', wide)], 0))).toBe(false)
  }
  const left = take([want('system', 'a', wide)], 0)
  expect(left).toMatchObject({ taken: true, holding: { tightest: { dimension: 'system', remaining: 7 } } })
})

test('the standing that is told is the tightest: the longest wait of those that refuse, the least left of those that pass', () => {
  const clock = manualClock()
  const { take } = createAllowances(clock.elapsed)
  const wants = [want('system', 'a', { rate: rateOf(10, 100) }), want('provider', 'p', { rate: rateOf(0.1, 3) })]
  expect(take(wants, 0)).toMatchObject({ holding: { tightest: { dimension: 'provider', quota: 3, window: 30, remaining: 2 } } })
  take(wants, 0)
  take(wants, 0)
  const slow = want('interaction', 'i', { rate: rateOf(0.01, 1) })
  take([slow], 0)
  expect(take([...wants, slow], 0)).toMatchObject({ taken: false, over: { dimension: 'interaction', remaining: 0, retryAfter: 100_000 } })
})

test('places are given back exactly once, however often that is said', () => {
  const clock = manualClock()
  const { take } = createAllowances(clock.elapsed)
  const wants = [want('system', 'a', { concurrent: 2 })]
  const first = take(wants, 0)
  take(wants, 0)
  expect(take(wants, 0)).toMatchObject({ taken: false, over: { kind: 'concurrent', quota: 2, remaining: 0 } })
  if (!first.taken) throw new Error('the first was refused')
  first.holding.release()
  first.holding.release()
  expect(take(wants, 0).taken).toBe(true)
  expect(take(wants, 0).taken).toBe(false)
})

test('bytes under way: those declared count at once, others as they pass, and a call alone may have more', () => {
  const clock = manualClock()
  const { take } = createAllowances(clock.elapsed)
  const wants = [want('system', 'a', { bytes: 100 })]
  const large = take(wants, 500)
  expect(take(wants, 1)).toMatchObject({ taken: false, over: { kind: 'bytes', quota: 100, remaining: 0 } })
  if (large.taken) large.holding.release()
  const small = take(wants, 40)
  expect(passed(take(wants, 61))).toBe(false)
  expect(passed(take(wants, 60))).toBe(true)
  if (!small.taken) throw new Error('refused')
  small.holding.carry(1000)
  expect(passed(take(wants, 0))).toBe(false)
  small.holding.release()
  small.holding.carry(1000)
  expect(passed(take(wants, 40))).toBe(true)
})

test('a limit that is only observed lets pass, says so, and takes nothing beyond itself', () => {
  const clock = manualClock()
  const { take } = createAllowances(clock.elapsed)
  const wants = [want('system', 'a', { rate: rateOf(1, 10) }), want('organisation', 'o', { ...two, concurrent: 2 }, true)]
  for (let i = 0; i < 2; i++) expect(take(wants, 0)).toMatchObject({ taken: true, holding: { beyond: [] } })
  const beyond = take(wants, 0)
  expect(beyond).toMatchObject({ holding: { tightest: { dimension: 'system', remaining: 7 }, beyond: [{ dimension: 'organisation' }] } })
  clock.pass(1_000)
  if (beyond.taken) beyond.holding.release()
  expect(take(wants, 0)).toMatchObject({ holding: { beyond: [{ kind: 'concurrent' }] } })
})

test('memory is bounded, and nobody has a fresh burst by pushing himself out', () => {
  const clock = manualClock()
  const allowances = createAllowances(clock.elapsed, undefined, 1_000)
  const once = { rate: rateOf(0.1, 1) }
  expect(passed(allowances.take([want('system', 'attacker', once)], 0))).toBe(true)
  for (let i = 0; i < 20_000; i++) passed(allowances.take([want('system', `other ${i}`, once)], 0))
  expect(allowances.parties).toBeLessThanOrEqual(1_000)
  expect(passed(allowances.take([want('system', 'attacker', once)], 0))).toBe(false)
  clock.pass(10_000)
  for (let i = 0; i < 20_000; i++) passed(allowances.take([want('system', `new ${i}`, once)], 0))
  expect(allowances.parties).toBeLessThanOrEqual(1_000)
})

test('once bursts are back, old parties make room for new ones, each with a bucket of its own', () => {
  const clock = manualClock()
  const { take } = createAllowances(clock.elapsed, undefined, 100)
  const once = { rate: rateOf(1, 1) }
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 100; i++) expect(passed(take([want('system', `${round} ${i}`, once)], 0))).toBe(true)
    expect(passed(take([want('system', `${round} 0`, once)], 0))).toBe(false)
    clock.pass(1_001)
  }
})

test('a party with calls under way is not forgotten', () => {
  const clock = manualClock()
  const { take } = createAllowances(clock.elapsed, undefined, 10)
  const one = { concurrent: 1 }
  const held = take([want('system', 'a', one)], 0)
  for (let i = 0; i < 1_000; i++) {
    const other = take([want('system', `other ${i}`, one)], 0)
    if (other.taken) other.holding.release()
  }
  expect(passed(take([want('system', 'a', one)], 0))).toBe(false)
  if (held.taken) held.holding.release()
  expect(passed(take([want('system', 'a', one)], 0))).toBe(true)
})

test('of any limits and any times, none is ever exceeded, and what passes is what a bucket each would let pass', () => {
  const limit = fc.record({ perSecond: fc.double({ min: 0.1, max: 1000, noNaN: true }), burst: fc.integer({ min: 1, max: 50 }) })
  const gaps = fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { minLength: 1, maxLength: 200 })
  fc.assert(
    fc.property(limit, limit, gaps, (a, b, times) => {
      const clock = manualClock()
      const { take } = createAllowances(clock.elapsed)
      const wants = [want('a', 'x', { rate: rateOf(a.perSecond, a.burst) }), want('b', 'x', { rate: rateOf(b.perSecond, b.burst) })]
      const at: number[] = []
      for (const gap of times) {
        clock.pass(gap)
        if (passed(take(wants, 0))) at.push(clock.elapsed())
      }
      for (const { perSecond, burst } of [a, b])
        for (let last = 0; last < at.length; last++)
          for (let first = 0; first <= last; first += 5)
            expect(last - first + 1).toBeLessThanOrEqual(burst + (perSecond * (at[last]! - at[first]!)) / 1000 + 1e-3)
    }),
    { numRuns: 60 },
  )
})
