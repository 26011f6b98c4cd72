import type { GateSample } from '../../../src/protection/gate-call.ts'
import type { GateRules } from '../../../src/protection/gate-rules.ts'
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
    circuits: () => workers.map(({ gate }) => gate.breaker.kind),
  }
}

test('what fails for one consumer alone shuts nobody off who calls through another worker', () => {
  const { calls, circuits } = machine()
  calls(2, [0, 'a', answered], [1, 'b', answered])
  calls(100, [0, 'a', failed], [1, 'b', answered])
  expect(circuits()).toEqual(['closed', 'closed'])
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
  calls(4, [0, 'a', failed], [1, 'b', failed])
  expect(circuits()).toEqual(['closed', 'closed'])
})

test('nobody else calls: one consumer’s failures through both workers open the circuit', () => {
  const { calls, circuits } = machine()
  calls(12, [0, 'a', failed], [1, 'a', failed])
  expect(circuits()).toEqual(['open', 'open'])
})
