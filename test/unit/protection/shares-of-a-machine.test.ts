import fc from 'fast-check'
import type { GatePlace, GateSample } from '../../../src/protection/gate-call.ts'
import type { GateRules } from '../../../src/protection/gate-rules.ts'
import type { ProviderGate } from '../../../src/protection/provider-gate.ts'
import { machineGates } from '../../support/machine-gates.ts'

/** A consumer: how many calls it goes on wanting at a time through each worker, what it counts for, and what is guaranteed. */
interface Caller {
  readonly calls: readonly number[]
  readonly weight?: number
  readonly guarantee?: number
}

interface Scene {
  readonly places: number
  readonly callers: Readonly<Record<string, Caller>>
  /** The share that one consumer may hold while others call. */
  readonly mostOfOne?: number
}

const [stepMs, levelMs, seconds] = [10, 500, 25]

/** How such a provider is shared, with a queue of so many calls. */
function rulesOf({ places, callers, mostOfOne = 1 }: Scene, length: number): GateRules {
  return {
    limit: { floor: places, ceiling: places, initial: places, tolerance: 2, noiseMs: 1000, windowMs: 1000 },
    ...{ limitObserves: false, breakerObserves: true, mostOfOne, contestedMs: 60_000 },
    breaker: {
      ...{ failureRate: 1, minimumCalls: 1000, windowMs: 30_000, openMs: 5000, longestOpenMs: 60_000 },
      ...{ longestRetryAfterMs: 300_000, probes: 3, probeMs: 2000 },
    },
    queue: {
      length,
      patienceMs: 1_000_000,
      weightOf: (name) => callers[name]?.weight ?? 1,
      guaranteeOf: (name) => callers[name]?.guarantee ?? 0,
    },
  }
}

/**
 * A provider whose calls take 30 to 70 ms, with so many places, called through gates of two workers or more that lease their places as they do over messages,
 * each a step late. The mean number of calls that each consumer had under way, after the first ten seconds.
 */
function meanCalls({ places, callers, mostOfOne = 1 }: Scene): Readonly<Record<string, number>> {
  const count = Math.max(...Object.values(callers).map(({ calls }) => calls.length))
  const rules = rulesOf({ places, callers, mostOfOne }, 10_000)
  let now = 0
  const { workers, exchange } = machineGates(rules, count, () => now)
  const under: { place: GatePlace; worker: number; name: string; until: number }[] = []
  const wanted = new Map<string, number>()
  const summed: Record<string, number> = Object.fromEntries(Object.keys(callers).map((name) => [name, 0]))
  let random = 1
  // Calls that always take the same keep step with the rounds, and then not even one queue is fair.
  const tookMs = (): number => {
    random = (random * 48_271) % 2_147_483_647
    return 30 + (random % 41)
  }
  const began = (place: GatePlace, worker: number, name: string): void => {
    under.push({ place, worker, name, until: now + tookMs() })
  }
  const call = (worker: number, name: string): void => {
    const gate = workers[worker]?.gate as ProviderGate
    const found = gate.enter(name, now)
    if (typeof found !== 'string') began(found, worker, name)
    else {
      workers[worker]?.limit.lacked()
      const waiter = { granted: (place: GatePlace) => began(place, worker, name), refused: () => undefined }
      gate.wait({ consumer: name, rank: 1 }, waiter, now)
    }
  }
  for (; now < seconds * 1000; now += stepMs) {
    for (const one of under.filter(({ until }) => until <= now)) {
      under.splice(under.indexOf(one), 1)
      const key = `${one.worker} ${one.name}`
      wanted.set(key, (wanted.get(key) ?? 0) - 1)
      workers[one.worker]?.gate.leave(one.place, 0, { kind: 'answered', latencyMs: 50, pushback: false, failed: false, retryAt: 0 }, now)
    }
    for (const [name, { calls }] of Object.entries(callers))
      calls.forEach((want, worker) => {
        const key = `${worker} ${name}`
        for (; (wanted.get(key) ?? 0) < want; wanted.set(key, (wanted.get(key) ?? 0) + 1)) call(worker, name)
      })
    expect(under.length).toBeLessThanOrEqual(places)
    exchange(now % levelMs === 0, now)
    if (now >= 10_000) for (const { name } of under) summed[name] = (summed[name] ?? 0) + 1
  }
  const steps = (seconds * 1000 - 10_000) / stepMs
  return Object.fromEntries(Object.entries(summed).map(([name, sum]) => [name, sum / steps]))
}

/** The same with one queue for all. */
function atOneQueue(scene: Scene): Scene {
  const callers = Object.entries(scene.callers).map(([name, one]) => [
    name,
    { ...one, calls: [one.calls.reduce((sum, calls) => sum + calls, 0)] },
  ])
  return { ...scene, callers: Object.fromEntries(callers) }
}

/** Each consumer has what it would have with one queue for all, but for a tenth and so many calls. */
function expectTheSame(scene: Scene, but: number): void {
  const [mean, whole] = [meanCalls(scene), meanCalls(atOneQueue(scene))]
  for (const [name, share] of Object.entries(whole)) {
    const off = Math.abs((mean[name] ?? 0) - share)
    expect([name, off <= but + share / 10, mean, whole]).toEqual([name, true, mean, whole])
  }
}

test.each<[what: string, Scene]>([
  [
    'a consumer at both workers has as much as one at a single worker',
    { places: 16, callers: { both: { calls: [40, 40] }, one: { calls: [40, 0] } } },
  ],
  [
    'three at one worker and one at the other have the same',
    { places: 16, callers: { a: { calls: [30, 0] }, b: { calls: [30, 0] }, c: { calls: [30, 0] }, d: { calls: [0, 30] } } },
  ],
  [
    'who wants little has it, and the others share the rest',
    { places: 16, callers: { a: { calls: [1, 1] }, b: { calls: [50, 0] }, c: { calls: [0, 50] } } },
  ],
  ['a weight counts once, not once a worker', { places: 16, callers: { a: { calls: [50, 50], weight: 3 }, b: { calls: [50, 0] } } }],
  [
    'a guarantee is of the whole, at one worker too',
    {
      places: 16,
      callers: { g: { calls: [50, 0], guarantee: 0.5 }, a: { calls: [50, 50] }, b: { calls: [0, 50] }, c: { calls: [50, 50] } },
    },
  ],
  [
    'four workers',
    {
      places: 20,
      callers: { a: { calls: [20, 20, 20, 20] }, b: { calls: [60, 0, 0, 0] }, c: { calls: [0, 5, 30, 0] }, d: { calls: [0, 0, 0, 2] } },
    },
  ],
])('%s', (_, scene) => expectTheSame(scene, 0.3))

test('the most that one may hold while others call is of the whole, wherever the others call', () => {
  const alone = meanCalls({ places: 16, mostOfOne: 0.5, callers: { hog: { calls: [60, 60] } } })
  expect(alone['hog']).toBeGreaterThan(15)
  const contested = meanCalls({ places: 16, mostOfOne: 0.5, callers: { hog: { calls: [60, 60] }, other: { calls: [1, 0] } } })
  expect(contested['hog']).toBeLessThanOrEqual(8)
  const elsewhere = meanCalls({ places: 16, mostOfOne: 0.5, callers: { hog: { calls: [60, 0] }, other: { calls: [0, 1] } } })
  expect(elsewhere['hog']).toBeLessThanOrEqual(8)
})

test.each<[what: string, Scene]>([
  [
    'what one may not hold, being at its most, another worker has',
    { places: 20, mostOfOne: 0.5, callers: { hog: { calls: [60, 0], weight: 3 }, a: { calls: [0, 60] } } },
  ],
  [
    'the most of one is divided among workers without loss',
    { places: 14, mostOfOne: 0.5, callers: { hog: { calls: [40, 40, 40, 40] }, a: { calls: [2, 0, 0, 0] } } },
  ],
  [
    'a guarantee of few places is divided without loss',
    {
      places: 16,
      callers: { g: { calls: new Array(8).fill(5), guarantee: 0.2 }, a: { calls: new Array(8).fill(60), weight: 20 } },
    },
  ],
  ['guarantees may be of all places', { places: 16, callers: { g: { calls: [50, 0], guarantee: 1 }, b: { calls: [0, 50] } } }],
])('%s', (_, scene) => expectTheSame(scene, 1))

test('whoever calls, through whichever workers: each has what it would have with one queue for all', () => {
  const caller = fc.record({
    calls: fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 2, maxLength: 2 }),
    weight: fc.integer({ min: 1, max: 3 }),
  })
  fc.assert(
    fc.property(fc.integer({ min: 12, max: 32 }), fc.array(caller, { minLength: 2, maxLength: 5 }), (places, of) => {
      expectTheSame({ places, callers: Object.fromEntries(of.map((one, at) => [`c${at}`, one])) }, 1)
    }),
    { numRuns: 20 },
  )
})

test('the queue is the machine’s: one consumer has as many waiting as are left free, through whichever workers it calls, and another has room at each', () => {
  const rules = rulesOf({ places: 4, callers: {} }, 64)
  for (const through of [[0], [1], [0, 1]]) {
    const { workers, exchange } = machineGates(rules, 2, () => 0)
    const waits = (worker: number, name: string): boolean => {
      const gate = workers[worker]?.gate as ProviderGate
      const waiter = { granted: () => undefined, refused: () => undefined }
      return typeof gate.enter(name, 0) !== 'string' || gate.wait({ consumer: name, rank: 1 }, waiter, 0) !== undefined
    }
    const waiting = (): number => workers.reduce((sum, { gate }) => sum + gate.waiting, 0)
    waits(0, 'other')
    waits(1, 'other')
    // Of each call it is told before the next one comes, as workers that lack places tell a hundred times a second.
    for (let nth = 0; nth < 200; nth++) {
      for (const worker of through) waits(worker, 'hog')
      exchange(nth % 10 === 0, nth * 50)
    }
    expect(waiting()).toBeGreaterThanOrEqual(28)
    expect(waiting()).toBeLessThanOrEqual(36)
    expect([waits(0, 'third'), waits(1, 'third')]).toEqual([true, true])
  }
})

test('how long to stay away is told by the queue and the places of the machine', () => {
  const rules = rulesOf({ places: 8, callers: {} }, 64)
  const { workers, exchange } = machineGates(rules, 2, () => 0)
  const [one, other] = workers.map(({ gate }) => gate) as [ProviderGate, ProviderGate]
  const ended: GateSample = { kind: 'answered', latencyMs: 1000, pushback: false, failed: false, retryAt: 0 }
  for (let nth = 0; nth < 100; nth++)
    for (const gate of [one, other]) {
      const place = gate.enter('a', nth * 1000)
      if (typeof place !== 'string') gate.leave(place, 0, ended, nth * 1000 + 1000)
    }
  for (let nth = 0; nth < 40; nth++) {
    const waiter = { granted: () => undefined, refused: () => undefined }
    if (one.enter('a', 100_000) === 'full') one.wait({ consumer: 'a', rank: 1 }, waiter, 100_000)
    exchange(false, 100_000 + nth)
  }
  expect(one.waiting).toBe(32)
  for (const gate of [one, other]) {
    expect(gate.retryAfterMs('full', 101_000)).toBeGreaterThan(3_800)
    expect(gate.retryAfterMs('full', 101_000)).toBeLessThan(4_200)
  }
})
