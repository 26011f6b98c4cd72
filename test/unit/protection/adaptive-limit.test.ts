import fc from 'fast-check'
import { AdaptiveLimit } from '../../../src/protection/adaptive-limit.ts'
import type { LimitRules } from '../../../src/protection/provider-limit.ts'

const rules: LimitRules = { floor: 4, ceiling: 64, initial: 16, tolerance: 2, noiseMs: 5, windowMs: 1000 }

/** A provider that works on so many calls at a time, each taking `ms`; more of them wait there. Feeds `seconds` of a demand that is never short. */
function drive(limit: AdaptiveLimit, from: number, seconds: number, { ms, workers }: { ms: number; workers: number }, demand = 1000) {
  const seen: number[] = []
  for (let now = from; now < from + seconds * 1000; now += 50) {
    const inFlight = Math.min(demand, limit.limit)
    const latency = ms * Math.max(1, inFlight / workers)
    for (let nth = 0; nth < Math.min(20, inFlight); nth++) limit.answered(0, latency, inFlight, now)
    seen.push(limit.limit)
  }
  return seen
}

test('it begins where it is told, doubles while all is well, and stops at the ceiling', () => {
  const limit = new AdaptiveLimit(rules)
  expect(limit.limit).toBe(16)
  expect([...new Set(drive(limit, 0, 8, { ms: 100, workers: 1000 }))]).toEqual([16, 32, 64])
})

test('it settles near what the provider can take, between its workers and the tolerance', () => {
  const limit = new AdaptiveLimit(rules)
  const settled = drive(limit, 0, 120, { ms: 100, workers: 20 }).slice(-600)
  expect(Math.min(...settled)).toBeGreaterThanOrEqual(16)
  expect(Math.max(...settled)).toBeLessThanOrEqual(48)
})

test('a provider that becomes ten times slower is at the floor within five windows; what it takes there becomes the usual, and it is tried again', () => {
  const limit = new AdaptiveLimit(rules)
  drive(limit, 0, 20, { ms: 50, workers: 1000 })
  const slow = drive(limit, 20_000, 60, { ms: 500, workers: 1000 })
  expect(slow.slice(0, 120)).toContain(4)
  expect(slow.at(-1)).toBeGreaterThan(16)
  expect(limit.usual(0)).toBeGreaterThan(250)
})

test('an overload that lasts does not become the usual: an hour of it, and the limit is still that of the workers', () => {
  const limit = new AdaptiveLimit(rules)
  drive(limit, 0, 10, { ms: 100, workers: 10 }, 4)
  const seen = drive(limit, 10_000, 3600, { ms: 100, workers: 10 })
  expect(limit.usual(0)).toBeLessThan(110)
  expect(Math.max(...seen.slice(-6000))).toBeLessThanOrEqual(25)
})

test('calls that fail for overload shrink it in proportion to their share; a single one among many does not keep it down', () => {
  const all = new AdaptiveLimit(rules)
  for (let now = 0; now <= 5000; now += 50) all.overloaded(16, now)
  expect(all.limit).toBe(4)
  const few = new AdaptiveLimit(rules)
  for (let now = 0; now <= 20_000; now += 10) {
    if (now % 1000 === 0) few.overloaded(few.limit, now)
    else few.answered(0, 100, few.limit, now)
  }
  expect(few.limit).toBeGreaterThan(40)
})

test('nobody uses half of it: it does not grow', () => {
  const limit = new AdaptiveLimit(rules)
  drive(limit, 0, 60, { ms: 100, workers: 1000 }, 7)
  expect(limit.limit).toBe(16)
})

test('another mix of calls is no change of speed: each kind has a usual time of its own', () => {
  const limit = new AdaptiveLimit(rules, 2)
  const mix = (from: number, slowShare: number) => {
    for (let at = 0; at < 20_000; at += 10)
      limit.answered(at % 100 < slowShare * 100 ? 1 : 0, at % 100 < slowShare * 100 ? 3000 : 60, 64, from + at)
  }
  mix(0, 0.1)
  expect(limit.limit).toBe(64)
  mix(20_000, 0.9)
  expect(limit.limit).toBe(64)
})

test('a caller that hangs up soon says nothing; one that hangs up after much longer than usual says that it is slow', () => {
  const limit = new AdaptiveLimit(rules)
  drive(limit, 0, 10, { ms: 100, workers: 1000 })
  for (let now = 10_000; now < 20_000; now += 10) limit.abandoned(0, 150, 64, now)
  expect(limit.limit).toBe(64)
  for (let now = 20_000; now < 26_000; now += 10) limit.abandoned(0, 30_000, 64, now)
  expect(limit.limit).toBe(4)
})

test('after an outage it begins at the floor and comes back to half of what it was by doubling', () => {
  const limit = new AdaptiveLimit(rules)
  drive(limit, 0, 10, { ms: 100, workers: 1000 })
  limit.restart()
  expect(limit.limit).toBe(4)
  const seen = [...new Set(drive(limit, 10_000, 6, { ms: 100, workers: 1000 }))]
  expect(seen.slice(0, 4)).toEqual([4, 8, 16, 32])
  expect(seen.slice(4).every((one, at) => one - (seen[at + 3] ?? 0) <= 4)).toBe(true)
})

const event = fc.oneof(
  fc.record({ type: fc.constant('answered' as const), ms: fc.double({ min: 0, max: 1e6, noNaN: true }), kind: fc.nat(2) }),
  fc.record({ type: fc.constant('overloaded' as const), ms: fc.constant(0), kind: fc.constant(0) }),
  fc.record({ type: fc.constant('abandoned' as const), ms: fc.double({ min: 0, max: 1e6, noNaN: true }), kind: fc.nat(2) }),
  fc.record({ type: fc.constant('restart' as const), ms: fc.constant(0), kind: fc.constant(0) }),
)

test('whatever happens, it is a whole number between floor and ceiling', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.nat(3000), fc.nat(100)), { maxLength: 300 }), (events) => {
      const limit = new AdaptiveLimit(rules, 3)
      let now = 0
      for (const [{ type, ms, kind }, gap, inFlight] of events) {
        now += gap
        if (type === 'answered') limit.answered(kind, ms, inFlight, now)
        else if (type === 'overloaded') limit.overloaded(inFlight, now)
        else if (type === 'abandoned') limit.abandoned(kind, ms, inFlight, now)
        else limit.restart()
        expect(Number.isInteger(limit.limit)).toBe(true)
        expect(limit.limit).toBeGreaterThanOrEqual(4)
        expect(limit.limit).toBeLessThanOrEqual(64)
      }
    }),
  )
})

test('a ceiling below the floor wins: there are no more connections than that', () => {
  const limit = new AdaptiveLimit({ ...rules, ceiling: 2 })
  expect(limit.limit).toBe(2)
  limit.restart()
  expect(limit.limit).toBe(2)
})
