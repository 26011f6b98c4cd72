import type { GateSample, SharedTurn } from '../../../src/protection/gate-call.ts'
import type { GateRules } from '../../../src/protection/gate-rules.ts'
import { LeasedLimit } from '../../../src/protection/leased-limit.ts'
import { firstLease, type PlaceNeed } from '../../../src/protection/place-lease.ts'
import { ProviderGate } from '../../../src/protection/provider-gate.ts'
import { ProviderPlaces } from '../../../src/protection/provider-places.ts'
import { machineGates } from '../../support/machine-gates.ts'

const rules: GateRules = {
  limit: { floor: 16, ceiling: 16, initial: 16, tolerance: 2, noiseMs: 5, windowMs: 1000 },
  ...{ limitObserves: false, breakerObserves: false, mostOfOne: 0.5, contestedMs: 60_000 },
  breaker: {
    ...{ failureRate: 0.5, minimumCalls: 10, windowMs: 30_000, openMs: 5_000, longestOpenMs: 60_000 },
    ...{ longestRetryAfterMs: 300_000, probes: 2, probeMs: 1_000 },
  },
  queue: { length: 16, patienceMs: 2000, weightOf: () => 1, guaranteeOf: () => 0 },
}
const answered: GateSample = { kind: 'answered', latencyMs: 50, pushback: false, failed: false, retryAt: 0 }
const failed: GateSample = { kind: 'answered', latencyMs: undefined, pushback: false, failed: true, retryAt: 0 }

/** Two workers; every 100 ms calls are made through them, and messages go to and fro. */
function machine() {
  let now = 0
  const { workers, exchange } = machineGates(rules, 2, () => now)
  return {
    /** So many rounds of calls: through which worker, by whom, and how each ends. */
    calls(rounds: number, ...made: readonly (readonly [worker: number, consumer: string, how: GateSample])[]) {
      for (let round = 0; round < rounds; round++) {
        now += 100
        for (const [worker, consumer, how] of made) {
          const gate = workers[worker]?.gate
          const place = gate?.enter(consumer, now)
          if (gate !== undefined && place !== undefined && typeof place !== 'string') gate.leave(place, 0, how, now + 50)
        }
        exchange(round % 5 === 0, now)
      }
    },
    pass(ms: number) {
      now += ms
    },
    /** A call that begins now and is ended by what is given back. */
    begin(worker: number, consumer: string): (how: GateSample) => void {
      const gate = workers[worker]?.gate
      const place = gate?.enter(consumer, now)
      if (gate === undefined || place === undefined || typeof place === 'string') throw new Error(`${consumer} got no place`)
      return (how) => gate.leave(place, 0, how, now)
    },
    circuits: () => workers.map(({ gate }) => gate.breaker.kind),
    /** In how many whole seconds each lets a call through again. */
    openFor: () => workers.map(({ gate }) => Math.round(gate.retryAfterMs('unavailable', now) / 1000)),
  }
}

test('what fails for one consumer alone shuts nobody off who calls through another worker', () => {
  const { calls, circuits } = machine()
  calls(2, [0, 'a', answered], [1, 'b', answered])
  calls(100, [0, 'a', failed], [1, 'b', answered])
  expect(circuits()).toEqual(['closed', 'closed'])
})

test('who calls through another worker now and then is there in between too', () => {
  const { calls, circuits } = machine()
  calls(2, [0, 'a', answered])
  for (let nth = 0; nth < 6; nth++) {
    calls(1, [1, 'b', answered], [0, 'a', failed])
    calls(99, [0, 'a', failed])
    expect(circuits()).toEqual(['closed', 'closed'])
  }
})

test('what fails at every worker, for one consumer at each, opens the circuit', () => {
  const { calls, circuits } = machine()
  calls(12, [0, 'a', failed], [1, 'b', failed])
  expect(circuits()).toEqual(['open', 'open'])
})

test('the calls that a circuit must have seen are those of the machine', () => {
  const { calls, circuits } = machine()
  calls(2, [0, 'a', failed], [0, 'c', failed], [1, 'b', failed])
  expect(circuits()).toEqual(['closed', 'closed'])
  calls(3, [0, 'a', failed], [0, 'c', failed], [1, 'b', failed])
  expect(circuits()).toEqual(['open', 'open'])
})

test('failures that come one by one are told, although they say nothing of how many calls a provider can take', () => {
  const { calls, circuits } = machine()
  calls(20, [0, 'a', answered], [1, 'b', answered])
  calls(20, [0, 'a', failed])
  expect(circuits()).toEqual(['closed', 'closed'])
  calls(60, [1, 'b', failed])
  expect(circuits()).toEqual(['open', 'open'])
})

test('the share of what failed is of the calls through all workers', () => {
  const { calls, circuits } = machine()
  const well = Array.from({ length: 6 }, () => [1, 'b', answered] as const)
  calls(3, ...well)
  calls(60, [0, 'a', failed], [0, 'c', failed], ...well)
  expect(circuits()).toEqual(['closed', 'closed'])
  calls(200, [0, 'a', failed], [0, 'c', failed])
  expect(circuits()).toEqual(['open', 'open'])
})

test('a circuit that has closed again is not opened by what failed before', () => {
  const { calls, pass, circuits } = machine()
  calls(12, [0, 'a', failed], [1, 'b', failed])
  expect(circuits()).toEqual(['open', 'open'])
  pass(6_000)
  calls(3, [0, 'a', answered], [1, 'b', answered])
  expect(circuits()).toEqual(['closed', 'closed'])
  // With the three that went well since it closed these are nine.
  calls(3, [0, 'a', failed], [1, 'b', failed])
  expect(circuits()).toEqual(['closed', 'closed'])
})

test('nobody else calls: one consumer’s failures through both workers open the circuit', () => {
  const { calls, circuits } = machine()
  calls(12, [0, 'a', failed], [1, 'a', failed])
  expect(circuits()).toEqual(['open', 'open'])
})

test('what another worker saw an hour ago opens nothing', () => {
  const { calls, pass, circuits } = machine()
  calls(40, [1, 'b', answered], [1, 'a', failed], [0, 'a', failed])
  expect(circuits()).toEqual(['closed', 'closed'])
  pass(3_600_000)
  calls(1, [0, 'c', failed])
  expect(circuits()).toEqual(['closed', 'closed'])
})

test('a circuit that has closed again is not opened by calls that hung before and fail as it closes', () => {
  const { calls, pass, begin, circuits } = machine()
  const hung = Array.from({ length: 6 }, (_, nth) => begin(nth % 2, nth % 2 === 0 ? 'a' : 'b'))
  calls(12, [0, 'a', failed], [1, 'b', failed])
  pass(6_000)
  calls(1, [0, 'a', answered])
  for (const end of hung) end(failed)
  calls(2, [0, 'a', answered])
  expect(circuits()).toEqual(['closed', 'closed'])
  calls(2, [0, 'a', failed], [1, 'b', failed])
  expect(circuits()).toEqual(['closed', 'closed'])
})

test('once nobody else has called for as long as failures count, one consumer’s failures open the circuit', () => {
  const { calls, pass, circuits } = machine()
  calls(1, [0, 'b', answered], [0, 'a', answered])
  pass(30_500)
  calls(12, [0, 'a', failed])
  expect(circuits()).toEqual(['open', 'open'])
})

test('what others saw is told ten times a second at most, and without a word of the control process not for ever', () => {
  const places = new ProviderPlaces(rules, 2, 1)
  const need = (seq: number, failures: number): PlaceNeed => ({
    ...{ seq, places: 8, inFlight: 1, hanging: 0, waiting: 0, peak: 1, wanted: 1, samples: [], restarted: false, recovered: false },
    demand: { consumers: [['a', 1, 16]], usable: 1, held: false },
    failures: { calls: failures, failures, calling: ['a'], failing: ['a'] },
  })
  let told = 0
  let last = firstLease(rules, 0, 2)
  for (let now = 0; now < 10_000; now += 10) {
    places.told(0, need(last.seq, now / 10), now)
    places.told(1, need(0, now / 10), now)
    for (const [nth, lease] of places.leases(now % 500 === 0, now)) {
      if (nth !== 0) continue
      told++
      last = lease
    }
  }
  expect(last.others?.failures).toBeGreaterThan(900)
  expect(told).toBeLessThanOrEqual(101)
  const limit = new LeasedLimit({ ...last, seq: 0 }, { level: 'none' }, () => undefined)
  limit.take(last, 10_000)
  expect(limit.machine.others(10_100)?.failures).toBeGreaterThan(900)
  expect(limit.machine.others(3_600_000)).toBeUndefined()
})

test('a provider is left alone for as long as it asked, whichever worker it asked and whichever opened the circuit', () => {
  const { calls, circuits, openFor } = machine()
  // The limit of one process is that of the rules: the provider asks the first worker for two minutes once, and each failure of the second one is another's.
  const asked: GateSample = { kind: 'answered', latencyMs: undefined, pushback: true, failed: true, retryAt: 120_000 }
  calls(1, [0, 'a', asked])
  calls(12, [1, 'b', failed], [1, 'c', failed])
  expect(circuits()).toEqual(['open', 'open'])
  expect(openFor()).toEqual([119, 119])
})

test('a call that was under way as the circuit opened may say for how long, to every worker', () => {
  const { calls, begin, circuits, openFor } = machine()
  const [first, second] = [begin(1, 'b'), begin(1, 'b')]
  calls(12, [0, 'a', failed], [1, 'b', failed])
  expect(circuits()).toEqual(['open', 'open'])
  expect(openFor()).toEqual([4, 4])
  first({ kind: 'answered', latencyMs: undefined, pushback: true, failed: true, retryAt: 60_000 })
  expect(openFor()).toEqual([59, 59])
  second({ kind: 'answered', latencyMs: undefined, pushback: true, failed: true, retryAt: 60_500 })
  expect(openFor()).toEqual([59, 59])
})

test('each opening without a recovery is longer, whichever worker tried', () => {
  const { calls, pass, openFor } = machine()
  calls(12, [0, 'a', failed], [1, 'b', failed])
  const lasted: number[] = []
  for (let nth = 0; nth < 4; nth++) {
    pass(70_000)
    calls(1, [nth % 2, 'a', failed])
    lasted.push(Math.max(...openFor()))
  }
  expect(lasted).toEqual([10, 20, 40, 60])
})

test('one worker’s probe goes well as another’s fails, and each hears of the other afterwards: both are open', () => {
  const told: [from: number, to: SharedTurn][] = []
  const gates = [0, 1].map((nth) => new ProviderGate(rules, 1, (to) => void told.push([nth, to])))
  const deliver = (now: number): void => {
    for (const [from, to] of told.splice(0)) gates[1 - from]?.adopt(to, now)
  }
  const call = (nth: number, how: GateSample, now: number): void => {
    const place = gates[nth]?.enter('a', now)
    if (place !== undefined && typeof place !== 'string') gates[nth]?.leave(place, 0, how, now)
  }
  for (let nth = 0; nth < 10; nth++) call(0, failed, nth)
  deliver(10)
  for (let nth = 0; nth < rules.breaker.probes; nth++) call(0, answered, 6_000)
  call(1, failed, 6_000)
  expect(gates.map(({ breaker }) => breaker.kind)).toEqual(['closed', 'open'])
  deliver(6_001)
  expect(gates.map(({ breaker }) => breaker.kind)).toEqual(['open', 'open'])
  for (let nth = 0; nth < rules.breaker.probes; nth++) call(1, answered, 17_000)
  deliver(17_001)
  expect(gates.map(({ breaker }) => breaker.kind)).toEqual(['closed', 'closed'])
})
