import fc from 'fast-check'
import { noFailures } from '../../../src/protection/failure-window.ts'
import { type LeasedGate, LeasedLimit, type Silence } from '../../../src/protection/leased-limit.ts'
import { firstLease, type PlaceLease, type PlaceNeed, type PlaceRules } from '../../../src/protection/place-lease.ts'
import { ProviderPlaces } from '../../../src/protection/provider-places.ts'

const limit = { floor: 4, ceiling: 64, initial: 16, tolerance: 2, noiseMs: 5, windowMs: 1000 }
const queue = { length: 1000, patienceMs: 2000, weightOf: () => 1, guaranteeOf: () => 0 }
const breaker = {
  ...{ failureRate: 0.5, minimumCalls: 20, windowMs: 30_000, openMs: 5_000, longestOpenMs: 60_000 },
  ...{ longestRetryAfterMs: 300_000, probes: 3, probeMs: 2_000 },
}
const rules: PlaceRules = { limit, limitObserves: false, breaker, queue, contestedMs: 60_000 }
/** A limit that nothing moves. */
const fixed = (places: number): PlaceRules => ({ ...rules, limit: { ...limit, floor: places, ceiling: places, initial: places } })

/** Workers whose calls and messages a test moves one by one. */
function machine(of: PlaceRules, count: number) {
  const places = new ProviderPlaces(of, count, 1)
  let now = 0
  const silence: Silence = { level: 'none' }
  const begin = (lease: PlaceLease) => {
    const gate: LeasedGate & { inFlight: number; hanging: number; waiting: number } = {
      inFlight: 0,
      hanging: 0,
      waiting: 0,
      placesCame: () => undefined,
      takeNews: () => ({ demand: { consumers: [], usable: gate.inFlight + gate.waiting, held: false }, failures: noFailures }),
    }
    const leased = new LeasedLimit(lease, silence, () => undefined)
    leased.serve(gate)
    return { gate, leased, alive: true, toControl: [] as PlaceNeed[], toWorker: [] as PlaceLease[] }
  }
  const workers = Array.from({ length: count }, (_, nth) => begin(firstLease(of, nth, count)))
  const send = (levels: boolean): void => {
    for (const [nth, lease] of places.leases(levels, now)) workers[nth]?.toWorker.push(lease)
  }
  const at = (nth: number) => workers[nth] as (typeof workers)[number]
  const steps = {
    call: (nth: number) => {
      const { gate, leased, alive } = at(nth)
      if (!alive) return
      if (gate.inFlight < leased.limit) gate.inFlight++
      else gate.waiting++
    },
    end: (nth: number) => {
      const { gate, leased } = at(nth)
      if (gate.inFlight === 0) return
      leased.answered(0, 50, gate.inFlight)
      gate.inFlight--
      steps.grant(nth)
    },
    grant: (nth: number) => {
      const { gate, leased } = at(nth)
      while (gate.waiting > 0 && gate.inFlight < leased.limit) {
        gate.waiting--
        gate.inFlight++
      }
    },
    tell: (nth: number) => {
      const need = at(nth).alive ? at(nth).leased.takeNeed(now) : undefined
      if (need !== undefined) at(nth).toControl.push(need)
    },
    hear: (nth: number) => {
      const need = at(nth).toControl.shift()
      if (need === undefined) return
      places.told(nth, need, now)
      send(false)
    },
    take: (nth: number) => {
      const lease = at(nth).toWorker.shift()
      if (lease === undefined) return
      at(nth).leased.take(lease, now)
      steps.grant(nth)
    },
    level: () => {
      now += 500
      send(true)
    },
    die: (nth: number) => {
      const one = at(nth)
      if (!one.alive) return
      Object.assign(one, { alive: false, toControl: [], toWorker: [] })
      one.gate.inFlight = 0
      places.lost(nth)
      send(false)
    },
    restart: (nth: number) => {
      if (at(nth).alive) return
      workers[nth] = begin(places.began(nth, now) as PlaceLease)
    },
  }
  return {
    ...{ places, workers, steps, silence },
    inFlight: () => workers.reduce((sum, { gate }) => sum + gate.inFlight, 0),
    /** Every message arrives, until there is none. */
    settle(rounds = 12) {
      for (let round = 0; round < rounds; round++)
        for (let nth = 0; nth < count; nth++) {
          steps.tell(nth)
          while (at(nth).toControl.length > 0) steps.hear(nth)
          while (at(nth).toWorker.length > 0) steps.take(nth)
        }
    },
  }
}

test('one worker alone gets all places; when another wants some too, it has half as soon as the first has calls that end', () => {
  const { workers, steps, settle, inFlight } = machine(fixed(8), 2)
  for (let nth = 0; nth < 12; nth++) steps.call(0)
  expect(workers[0]?.gate).toMatchObject({ inFlight: 4, waiting: 8 })
  settle()
  expect(workers[0]?.gate).toMatchObject({ inFlight: 8, waiting: 4 })
  for (let nth = 0; nth < 5; nth++) steps.call(1)
  settle()
  expect(workers[1]?.gate).toMatchObject({ inFlight: 0, waiting: 5 })
  for (let nth = 0; nth < 8; nth++) {
    steps.end(0)
    settle()
    expect(inFlight()).toBeLessThanOrEqual(8)
  }
  expect(workers[1]?.gate.inFlight).toBe(4)
})

test('what a worker had goes to the others when it dies; its successor gets a part again', () => {
  const { workers, steps, settle } = machine(fixed(8), 2)
  for (let nth = 0; nth < 8; nth++) steps.call(1)
  settle()
  expect(workers[1]?.gate.inFlight).toBe(8)
  steps.die(1)
  for (let nth = 0; nth < 8; nth++) steps.call(0)
  settle()
  expect(workers[0]?.gate.inFlight).toBe(8)
  steps.restart(1)
  expect(workers[1]?.leased.limit).toBe(0)
  steps.call(1)
  settle()
  steps.end(0)
  settle()
  expect(workers[1]?.gate.inFlight).toBe(1)
})

test('what two workers see is learned as one: one is told to do less because of what the other saw', () => {
  const { places, workers, steps, settle } = machine(rules, 2)
  for (let nth = 0; nth < 3; nth++) steps.call(nth % 2)
  settle()
  for (let second = 0; second < 20; second++) {
    for (let nth = 0; nth < 10; nth++) workers[0]?.leased.overloaded(8)
    settle()
    steps.level()
    steps.level()
    settle()
  }
  expect(places.places).toBe(4)
  expect(workers.reduce((sum, { leased }) => sum + leased.limit, 0)).toBe(4)
})

test('a circuit that opens begins anew from the floor once, however many tell of it', () => {
  const { places, workers, settle } = machine(rules, 2)
  for (const { leased } of workers) leased.restart()
  settle()
  expect(places.places).toBe(4)
  expect(workers.map(({ leased }) => leased.limit)).toEqual([2, 2])
})

test('calls that hung before a provider was found well again keep no places from other workers, and no more calls than the ceiling come of it', () => {
  const scene = (ceiling: number) => {
    const made = machine({ ...rules, limit: { ...limit, floor: 8, ceiling, initial: 8 } }, 2)
    const [one, other] = made.workers
    for (let nth = 0; nth < 8; nth++) made.steps.call(0)
    made.settle()
    expect(one?.gate.inFlight).toBe(8)
    // Its circuit closes: what is under way takes no place from now on.
    if (one !== undefined) one.gate.hanging = 8
    made.steps.tell(0)
    for (let nth = 0; nth < 4; nth++) made.steps.call(1)
    made.settle()
    return other?.gate.inFlight
  }
  expect([scene(8), scene(12), scene(16)]).toEqual([0, 4, 4])
})

test('nobody has a place while calls that hang have every connection, and everybody has again once they end', () => {
  const { workers, steps, settle } = machine(fixed(8), 2)
  const [one, other] = workers
  for (let nth = 0; nth < 8; nth++) steps.call(0)
  settle()
  if (one !== undefined) one.gate.hanging = 8
  for (let nth = 0; nth < 4; nth++) steps.call(1)
  settle()
  steps.level()
  settle()
  expect(workers.map(({ leased }) => leased.limit)).toEqual([0, 0])
  for (let nth = 0; nth < 8; nth++) {
    if (one !== undefined) one.gate.hanging--
    steps.end(0)
  }
  settle()
  expect(other?.gate.inFlight).toBe(4)
})

test('a probe may go beyond the places, by what the others leave of the ceiling', () => {
  const { workers, steps, settle } = machine(rules, 2)
  for (let nth = 0; nth < 12; nth++) steps.call(0)
  settle()
  expect(workers.map(({ leased }) => leased.limit)).toEqual([14, 2])
  steps.level()
  settle()
  expect(workers.map(({ leased }) => leased.probing)).toEqual([62, 50])
})

test('a window that closed is told to every worker once, with what was under way in all of them', () => {
  const { workers, steps, settle } = machine(rules, 2)
  for (let second = 0; second < 4; second++) {
    for (let nth = 0; nth < 15; nth++) workers[0]?.leased.answered(0, 50, 8)
    for (let nth = 0; nth < 5; nth++) workers[1]?.leased.answered(0, 50, 8)
    settle()
    steps.level()
    steps.level()
  }
  settle()
  const [one, other] = workers.map(({ leased }) => leased.takeClosed())
  expect(one?.ratio).toBe(1)
  expect(other).toEqual(one)
  expect(workers.map(({ leased }) => leased.takeClosed())).toEqual([undefined, undefined])
})

test('where the limit is only observed, the ceiling is divided and each is told its part of what was learned', () => {
  const { workers, steps, settle } = machine({ ...rules, limitObserves: true }, 2)
  expect(workers.map(({ leased }) => [leased.ceiling, leased.limit])).toEqual([
    [32, 8],
    [32, 8],
  ])
  for (let nth = 0; nth < 48; nth++) {
    const one = workers[0]
    if (one !== undefined) one.gate.waiting++
  }
  steps.tell(0)
  settle()
  expect(workers[0]?.leased.ceiling).toBeGreaterThanOrEqual(48)
})

test('without word of the control process who has more than its part gives it up, and then who has less takes it', () => {
  const { workers, steps, settle, silence } = machine(fixed(8), 2)
  for (let nth = 0; nth < 8; nth++) steps.call(0)
  settle()
  const limits = () => workers.map(({ leased }) => leased.limit)
  expect(limits()).toEqual([8, 0])
  silence.level = 'short'
  expect(limits()).toEqual([4, 0])
  silence.level = 'long'
  expect(limits()).toEqual([4, 4])
})

test('other settings reach every worker: a lower ceiling is given up at once, a higher one used', () => {
  const { places, workers, steps, settle } = machine(fixed(8), 2)
  for (let nth = 0; nth < 8; nth++) steps.call(0)
  settle()
  places.follow(fixed(4))
  steps.level()
  settle()
  expect(workers.reduce((sum, { leased }) => sum + leased.limit, 0)).toBe(4)
  places.follow(fixed(12))
  steps.level()
  settle()
  expect(workers.reduce((sum, { leased }) => sum + leased.limit, 0)).toBe(12)
})

test('a lease of before the one that a worker has is not taken', () => {
  const lease = { ...firstLease(rules, 0, 2), seq: 3, places: 5 }
  const leased = new LeasedLimit(lease, { level: 'none' }, () => undefined)
  leased.take({ ...lease, seq: 2, places: 9 }, 0)
  expect(leased.limit).toBe(5)
})

test('after a long silence a consumer has its part again', () => {
  const silence: Silence = { level: 'none' }
  const lease = firstLease(rules, 0, 2)
  const leased = new LeasedLimit(lease, silence, () => undefined)
  leased.take({ ...lease, seq: 1, machine: { ...lease.machine, contested: true, parts: [['a', 0, 0.5]], spread: 2 } }, 0)
  for (const [level, part, contested] of [
    ['long', { from: 0, to: 1 }, false],
    ['none', { from: 0, to: 0.5 }, true],
  ] as const) {
    silence.level = level
    leased.silenceChanged(20_000)
    expect([leased.machine.partOf('a'), leased.machine.contested]).toEqual([part, contested])
  }
})

test('samples are kept in bounds while nobody takes them', () => {
  const leased = new LeasedLimit(firstLease(rules, 0, 1), { level: 'none' }, () => undefined)
  for (let nth = 0; nth < 5_000; nth++) leased.answered(0, 1, 1)
  expect(leased.takeNeed(0)?.samples).toHaveLength(2_000)
  expect(leased.isQuiet).toBe(false)
})

const names = ['call', 'call', 'call', 'end', 'end', 'tell', 'tell', 'hear', 'hear', 'take', 'take', 'level', 'die', 'restart'] as const
const history = fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(3)), { maxLength: 400 })

test('whatever is called, ends, dies and is late: never more calls at a time than places, and when all is told nobody waits beside a free one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 4 }), history, (places, count, events) => {
      const { workers, steps, settle, inFlight } = machine(fixed(places), count)
      for (const [name, nth] of events) {
        steps[name](nth % count)
        expect(inFlight()).toBeLessThanOrEqual(places)
      }
      settle(40)
      expect(inFlight()).toBeLessThanOrEqual(places)
      const waits = workers.some(({ gate, alive }) => alive && gate.waiting > 0)
      if (waits) expect(inFlight()).toBe(places)
    }),
    { numRuns: 400 },
  )
})

test('whatever is called: whoever goes on wanting places has its even part of them, each in its turn', () => {
  const wanting = fc.integer({ min: 1, max: 4 })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 2, max: 4 }), wanting, history, (places, count, eager, events) => {
      const { workers, steps, settle } = machine(fixed(places), count)
      for (const [name, nth] of events) if (name !== 'die') steps[name](nth % count)
      const had: number[][] = []
      // A place that is given up comes back when a call has ended, a levelling later at most: twice as many rounds as workers are a turn of all.
      for (let round = 0; round < 4 * count; round++) {
        for (let nth = 0; nth < count; nth++) for (let ends = workers[nth]?.gate.inFlight ?? 0; ends > 0; ends--) steps.end(nth)
        for (let nth = 0; nth < Math.min(count, eager); nth++) for (let calls = 0; calls < 20; calls++) steps.call(nth)
        steps.level()
        settle()
        had.push(workers.map(({ gate }) => gate.inFlight))
      }
      for (let nth = 0; nth < Math.min(count, eager); nth++)
        expect(Math.max(...had.slice(-2 * count).map((of) => of[nth] ?? 0))).toBeGreaterThanOrEqual(Math.max(1, Math.floor(places / count)))
    }),
    { numRuns: 200 },
  )
})
