import fc from 'fast-check'
import { createAllowances, type Taking, type Want } from '../../../src/protection/allowances.ts'
import { createLeasing, ownBuckets } from '../../../src/protection/leasing.ts'
import { createMachineBuckets } from '../../../src/protection/machine-buckets.ts'
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

test('a bucket that a slow limit has emptied earns by a faster one as soon as that is in force, and is given no new burst', () => {
  const clock = manualClock()
  const { take } = createAllowances(clock.elapsed)
  const night = [want('system', 'a', { rate: rateOf(0.01, 20) })]
  const day = [want('system', 'a', { rate: rateOf(10, 20) })]
  while (passed(take(night, 0)));
  expect(passed(take(day, 0))).toBe(false)
  clock.pass(1_000)
  let passes = 0
  while (passed(take(day, 0))) passes++
  expect(passes).toBe(10)
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

test('what is divided among nodes is divided among few: with hundreds of them an honest party may still have several calls at once', () => {
  const of = (nodes: number) => {
    const allowances = createAllowances(() => 0, { ...ownBuckets, nodes })
    let count = 0
    while (allowances.take([want('system', 'a', { concurrent: 200 })], 0).taken) count++
    return count
  }
  expect([1, 4, 8, 300].map(of)).toEqual([200, 50, 25, 25])
})

test('a million identities, with buckets of their own and with shared ones: no more is kept than there is room for', async () => {
  const rate = rateOf(50, 100)
  let asked = 0
  const shared = {
    reachable: true,
    nodes: 3,
    lease: async (asks: readonly unknown[]) => {
      asked += asks.length
      return asks.map(() => ({ granted: 0, first: 0, ahead: 0 }))
    },
  }
  let now = 0
  for (const leasing of [undefined, createLeasing(shared, () => now)]) {
    now = 0
    const allowances = createAllowances(() => now, leasing)
    for (let nth = 0; nth < 1_000_000; nth++) {
      now += 0.01
      passed(allowances.take([want('system', `identity ${nth}`, { rate, concurrent: 200 })], 0))
      if (nth % 1_000 === 0) await undefined
      if (nth % 100_000 === 0) leasing?.tick()
    }
    expect(allowances.parties).toBeLessThanOrEqual(100_000)
  }
  // Who found no place of its own shares one: it asks no more than one party does.
  expect(asked).toBeLessThan(1_000_000)
})

describe('a limit that is shared', () => {
  /** Limits of one of so many nodes; the bucket answers when told to, or fails where it is to. */
  function sharing(nodes: number) {
    const clock = manualClock()
    const buckets = createMachineBuckets(clock.elapsed)
    const line: { fails: boolean; release: () => void; gate: Promise<void>; asked: number } = {
      ...{ fails: false, asked: 0, release: () => undefined },
      gate: Promise.resolve(),
    }
    line.gate = new Promise((resolve) => {
      line.release = resolve
    })
    const shared = {
      reachable: true,
      nodes,
      async lease(asks: Parameters<typeof buckets.lease>[0]) {
        line.asked += asks.length
        await line.gate
        return line.fails ? undefined : buckets.lease(asks)
      },
    }
    return { clock, line, shared, allowances: createAllowances(clock.elapsed, createLeasing(shared, clock.elapsed)) }
  }

  test('by a faster limit than the one that emptied the bucket a party earns within seconds, with the bucket and without it', async () => {
    for (const fails of [false, true]) {
      const { allowances, line, shared, clock } = sharing(2)
      line.release()
      const night = [want('system', 'a', { rate: rateOf(0.01, 20) })]
      const day = [want('system', 'a', { rate: rateOf(10, 20) })]
      for (let nth = 0; nth < 100; nth++) {
        passed(allowances.take(night, 0))
        await line.gate
        clock.pass(1)
      }
      expect(passed(allowances.take(night, 0))).toBe(false)
      shared.reachable = !fails
      let passes = 0
      for (let nth = 0; nth < 1_200; nth++) {
        if (passed(allowances.take(day, 0))) passes++
        await line.gate
        clock.pass(10)
      }
      // Within seconds ten a second, as what may be owed is made up for first; alone, half of it.
      expect(passes).toBeGreaterThanOrEqual(fails ? 15 : 40)
      expect(passes).toBeLessThanOrEqual(fails ? 62 : 122)
    }
  })

  test.each([
    [rateOf(50, 100), 20],
    [rateOf(500, 500), 200],
  ])('a first burst within %o waits for its share, and then passes', async (rate, burst) => {
    const { allowances, line } = sharing(3)
    const call = [want('system', 'a', { rate })]
    const takings = Array.from({ length: burst }, () => allowances.take(call, 0))
    const kept = takings.filter((taking) => !taking.taken)
    expect(kept.length).toBeGreaterThan(0)
    line.release()
    const late = await Promise.all(
      kept.map(async (first) => {
        let taking: Taking = first
        while (!taking.taken && taking.settles !== undefined) {
          await taking.settles
          taking = allowances.take(call, 0)
        }
        return passed(taking)
      }),
    )
    expect(late).toEqual(kept.map(() => true))
    expect(line.asked * 20).toBeLessThanOrEqual(burst + 20)
  })

  test('nothing is waited for where another limit keeps the call out, where nobody was asked, and where nobody answers', async () => {
    const { allowances, line, shared } = sharing(3)
    const call = [want('system', 'a', { rate: rateOf(10, 20) })]
    expect(passed(allowances.take(call, 0))).toBe(true)
    const full = want('provider', 'p', { concurrent: 1 })
    expect(allowances.take([full], 0).taken).toBe(true)
    expect(allowances.take([...call, full], 0)).not.toHaveProperty('settles')
    const waiting = allowances.take(call, 0)
    line.fails = true
    line.release()
    if (!waiting.taken) await waiting.settles
    expect(allowances.take(call, 0)).toEqual({ taken: false, over: expect.anything() })
    shared.reachable = false
    expect(passed(allowances.take(call, 0))).toBe(true)
  })

  test('a node that shares with nobody gives the whole burst at once, and no more', async () => {
    for (const rate of [rateOf(50, 100), rateOf(500, 300)]) {
      const { allowances, clock, line, shared } = sharing(1)
      const call = [want('system', 'a', { rate })]
      const takeAll = (count: number) => Array.from({ length: count }, () => passed(allowances.take(call, 0))).filter(Boolean).length
      // Until the bucket has answered for the first time it may be another's that is used up.
      expect(takeAll(1)).toBe(1)
      line.release()
      await new Promise((resolve) => setImmediate(resolve))
      expect(takeAll(rate.burst * 2)).toBe(rate.burst - 1)
      await new Promise((resolve) => setImmediate(resolve))
      expect(takeAll(rate.burst)).toBe(0)
      clock.pass(rate.interval * 10)
      expect(takeAll(rate.burst)).toBe(10)
      // Without the bucket it goes on from what it passed.
      shared.reachable = false
      expect(takeAll(rate.burst)).toBe(0)
      clock.pass(rate.interval * 10)
      expect(takeAll(rate.burst)).toBe(10)
    }
  })
})
