import fc from 'fast-check'
import type { GatePlace, GateRefusal, GateSample, Waiter } from '../../../src/protection/gate-call.ts'
import type { GateRules } from '../../../src/protection/gate-rules.ts'
import { LeasedLimit } from '../../../src/protection/leased-limit.ts'
import { firstLease } from '../../../src/protection/place-lease.ts'
import { ProviderGate } from '../../../src/protection/provider-gate.ts'
import type { WaitingCall } from '../../../src/protection/waiting-flow.ts'

const rules: GateRules = {
  limit: { floor: 2, ceiling: 8, initial: 4, tolerance: 2, noiseMs: 5, windowMs: 1000 },
  limitObserves: false,
  breaker: {
    failureRate: 0.5,
    minimumCalls: 4,
    windowMs: 10_000,
    openMs: 5_000,
    longestOpenMs: 60_000,
    longestRetryAfterMs: 300_000,
    probes: 2,
    probeMs: 1_000,
  },
  breakerObserves: false,
  queue: { length: 16, patienceMs: 2000, weightOf: () => 1, guaranteeOf: () => 0 },
  mostOfOne: 0.5,
  contestedMs: 60_000,
}
const answered: GateSample = { kind: 'answered', latencyMs: 50, pushback: false, failed: false, retryAt: 0 }
const failed: GateSample = { kind: 'failed' }
const entered = (found: GatePlace | 'full' | 'unavailable'): GatePlace => {
  if (typeof found === 'string') throw new Error(`expected a place, found ${found}`)
  return found
}

/** A waiter that notes what becomes of it. */
function noting() {
  const became: (GateRefusal | 'granted')[] = []
  let place: GatePlace | undefined
  const waiter: Waiter = {
    granted(granted) {
      place = granted
      became.push('granted')
    },
    refused: (why) => became.push(why),
  }
  return { waiter, became, place: () => place as GatePlace }
}

function trip(gate: ProviderGate, now: number, retryAt = 0) {
  const bad: GateSample = { kind: 'answered', latencyMs: undefined, pushback: true, failed: true, retryAt }
  for (let nth = 0; nth < 4; nth++) gate.leave(entered(gate.enter('a', now)), 0, bad, now)
}

test('up to the limit calls pass at once; the next waits, and begins when one ends', () => {
  const gate = new ProviderGate(rules)
  const places = Array.from({ length: 4 }, () => entered(gate.enter('a', 0)))
  expect(gate.enter('a', 0)).toBe('full')
  const { waiter, became } = noting()
  gate.wait({ consumer: 'a', rank: 1 }, waiter, 0)
  expect(became).toEqual([])
  gate.leave(places[0] as GatePlace, 0, answered, 50)
  expect(became).toEqual(['granted'])
  expect([gate.inFlight, gate.waiting]).toEqual([4, 0])
})

test('one consumer alone may use it all; once another has called, no more than its half', () => {
  const gate = new ProviderGate(rules)
  entered(gate.enter('small', 0))
  for (let nth = 0; nth < 2; nth++) entered(gate.enter('hog', 0))
  expect(gate.enter('hog', 0)).toBe('full')
  entered(gate.enter('other', 0))
  const later = new ProviderGate(rules)
  const one = entered(later.enter('small', 0))
  later.leave(one, 0, answered, 50)
  for (let nth = 0; nth < 2; nth++) entered(later.enter('hog', 100))
  expect(later.enter('hog', 59_000)).toBe('full')
  entered(later.enter('hog', 61_000))
})

test('a waiting call is refused when its time is up, and takes no place afterwards', () => {
  const gate = new ProviderGate(rules)
  const places = Array.from({ length: 4 }, () => entered(gate.enter('a', 0)))
  const { waiter, became } = noting()
  gate.wait({ consumer: 'a', rank: 1 }, waiter, 500)
  expect(gate.deadline).toBe(2500)
  gate.expire(2499)
  expect(became).toEqual([])
  gate.expire(2500)
  expect(became).toEqual(['too-late'])
  expect(gate.deadline).toBeUndefined()
  for (const place of places) gate.leave(place, 0, answered, 3000)
  expect(became).toEqual(['too-late'])
  expect(gate.inFlight).toBe(0)
})

test('a circuit that opens refuses all that wait, says how long, tries again after that, and begins at the floor', () => {
  const gate = new ProviderGate(rules)
  const places = Array.from({ length: 4 }, (_, nth) => entered(gate.enter('abcd'.charAt(nth), 0)))
  const waiters = Array.from({ length: 6 }, noting)
  for (const { waiter } of waiters) gate.wait({ consumer: 'a', rank: 1 }, waiter, 0)
  for (const place of places) gate.leave(place, 0, failed, 1000)
  expect(waiters.flatMap(({ became }) => became)).toEqual([
    'granted',
    'granted',
    'unavailable',
    'unavailable',
    'unavailable',
    'unavailable',
  ])
  expect(gate.breaker).toMatchObject({ kind: 'open', until: 6000 })
  expect(gate.enter('a', 3000)).toBe('unavailable')
  expect(gate.retryAfterMs('unavailable', 3000)).toBe(3000)
  const probes = [entered(gate.enter('a', 6000)), entered(gate.enter('b', 6000))]
  expect(gate.enter('c', 6000)).toBe('unavailable')
  for (const probe of probes) gate.leave(probe, 0, answered, 6050)
  expect(gate.breaker.kind).toBe('closed')
  expect(gate.limit.limit).toBe(2)
})

test('probes that hang keep neither the next ones nor the recovery', () => {
  const gate = new ProviderGate(rules)
  trip(gate, 0)
  for (const now of [5000, 5000, 6000, 6000]) entered(gate.enter('a', now))
  expect(gate.enter('a', 6500)).toBe('unavailable')
  const fine = [entered(gate.enter('a', 7000)), entered(gate.enter('a', 7000))]
  for (const probe of fine) gate.leave(probe, 0, answered, 7050)
  expect(gate.breaker.kind).toBe('closed')
})

test('once a provider is found well again, calls that hung before take nobody’s place and open nothing when they end; connections stay bounded', () => {
  const gate = new ProviderGate({ ...rules, limit: { ...rules.limit, ceiling: 12 } })
  const hung = Array.from({ length: 4 }, (_, nth) => entered(gate.enter('abcd'.charAt(nth), 0)))
  for (const place of hung.splice(0, 1)) gate.leave(place, 0, failed, 1_000)
  for (let nth = 0; nth < 3; nth++) gate.leave(entered(gate.enter('e', 1_000)), 0, failed, 1_000)
  expect(gate.breaker.kind).toBe('open')
  for (const now of [6_000, 6_000, 7_000, 7_000]) hung.push(entered(gate.enter('a', now)))
  const fine = [entered(gate.enter('a', 8_000)), entered(gate.enter('a', 8_000))]
  for (const probe of fine) gate.leave(probe, 0, answered, 8_050)
  expect([gate.breaker.kind, gate.inFlight, gate.limit.limit]).toEqual(['closed', 7, 2])

  const now = 8_100
  const passed = [entered(gate.enter('a', now)), entered(gate.enter('b', now))]
  expect([gate.enter('c', now), gate.inFlight]).toEqual(['full', 9])
  const waiting = noting()
  expect(gate.wait({ consumer: 'c', rank: 1 }, waiting.waiter, now)).toBeDefined()
  for (const place of hung) gate.leave(place, 0, failed, now)
  expect([gate.breaker.kind, gate.inFlight, waiting.became]).toEqual(['closed', 2, []])
  for (const place of passed) gate.leave(place, 0, answered, now + 50)
  expect([waiting.became, gate.inFlight]).toEqual([['granted'], 1])
})

test('where calls that hung have all the connections, a call waits for one of them', () => {
  const gate = new ProviderGate({ ...rules, limit: { ...rules.limit, ceiling: 5 } })
  const hung = Array.from({ length: 4 }, (_, nth) => entered(gate.enter('abcd'.charAt(nth), 0)))
  const [first] = hung.splice(0, 1)
  gate.leave(first as GatePlace, 0, failed, 1_000)
  for (let nth = 0; nth < 3; nth++) gate.leave(entered(gate.enter('e', 1_000)), 0, failed, 1_000)
  const probes = [entered(gate.enter('a', 6_000)), entered(gate.enter('a', 6_000))]
  for (const probe of probes) gate.leave(probe, 0, answered, 6_050)
  expect([gate.breaker.kind, gate.inFlight]).toEqual(['closed', 3])
  for (const who of ['a', 'b']) entered(gate.enter(who, 6_100))
  expect([gate.enter('c', 6_100), gate.inFlight]).toEqual(['full', 5])
})

test("a provider's Retry-After is heeded, also of calls that end when the circuit is open already", () => {
  const gate = new ProviderGate(rules)
  const late = entered(gate.enter('late', 0))
  trip(gate, 0, 20_000)
  expect(gate.breaker).toMatchObject({ kind: 'open', until: 20_000 })
  gate.leave(late, 0, { kind: 'answered', latencyMs: undefined, pushback: true, failed: true, retryAt: 33_000 }, 1000)
  expect(gate.breaker).toMatchObject({ kind: 'open', until: 33_000 })
})

test('an operator holds the circuit open or closed, whatever happens, until it is released', () => {
  const gate = new ProviderGate(rules)
  gate.hold('hold-open', 0)
  expect(gate.enter('a', 0)).toBe('unavailable')
  expect(gate.enter('a', 1e9)).toBe('unavailable')
  gate.hold('hold-closed', 0)
  trip(gate, 1e9)
  entered(gate.enter('a', 1e9))
  gate.hold('release', 1e9)
  expect(gate.breaker.kind).toBe('closed')
})

test('answers that say nothing against the provider do not open it: 4xx, callers that hang up, calls that were never sent', () => {
  const gate = new ProviderGate(rules)
  const samples: GateSample[] = [
    { kind: 'answered', latencyMs: undefined, pushback: false, failed: false, retryAt: 0 },
    { kind: 'answered', latencyMs: undefined, pushback: true, failed: false, retryAt: 0 },
    { kind: 'abandoned', waitedMs: 60_000 },
    { kind: 'none' },
  ]
  for (let nth = 0; nth < 200; nth++) gate.leave(entered(gate.enter('a', nth)), 0, samples[nth % 4] as GateSample, nth)
  expect(gate.breaker.kind).toBe('closed')
})

test('observing, both decide and say so, and keep nobody; an operator still does', () => {
  const gate = new ProviderGate({ ...rules, limitObserves: true, breakerObserves: true })
  const places = Array.from({ length: 8 }, () => entered(gate.enter('a', 0)))
  expect(places.map(({ observed }) => observed)).toEqual([...Array(4).fill(undefined), ...Array(4).fill('limit')])
  const { waiter, became } = noting()
  gate.wait({ consumer: 'a', rank: 1 }, waiter, 0)
  for (const place of places) gate.leave(place, 0, failed, 100)
  expect(gate.breaker.kind).toBe('open')
  expect(became).toEqual(['granted'])
  expect(entered(gate.enter('a', 200)).observed).toBe('circuit')
  gate.hold('hold-open', 300)
  expect(gate.enter('a', 300)).toBe('unavailable')
})

test('the time that a refused call is told is what the queue takes to drain', () => {
  const gate = new ProviderGate(rules)
  for (let now = 0; now < 200_000; now += 500) gate.leave(entered(gate.enter('a', now)), 0, answered, now + 400)
  for (let nth = 0; nth < 4; nth++) gate.enter('a', 200_000)
  for (let nth = 0; nth < 7; nth++) gate.wait({ consumer: 'a', rank: 1 }, noting().waiter, 200_000)
  expect(gate.retryAfterMs('full', 200_000)).toBeGreaterThan(750)
  expect(gate.retryAfterMs('full', 200_000)).toBeLessThan(850)
})

const step = fc.record({
  gap: fc.nat(1500),
  act: fc.constantFrom('enter', 'enter', 'enter', 'leave', 'leave', 'fail', 'cancel', 'expire', 'hold-open', 'hold-closed', 'release'),
  consumer: fc.nat(3),
  nth: fc.nat(30),
})

test('every call is let through, refused or still waits: once; the accounts agree; nobody waits where there is room', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 250 }), fc.boolean(), (steps, observes) => {
      const gate = new ProviderGate({ ...rules, limitObserves: observes, breakerObserves: observes })
      let now = 0
      const running: GatePlace[] = []
      const waiting = new Map<WaitingCall<Waiter>, string>()
      for (const { gap, act, consumer, nth } of steps) {
        now += gap
        if (act === 'enter') {
          const found = gate.enter(`c${consumer}`, now)
          if (typeof found !== 'string') running.push(found)
          else if (found === 'full') {
            const call: WaitingCall<Waiter> | undefined = gate.wait(
              { consumer: `c${consumer}`, rank: (nth % 3) as 0 | 1 | 2 },
              {
                granted(place) {
                  expect(waiting.delete(call as WaitingCall<Waiter>)).toBe(true)
                  running.push(place)
                },
                refused: () => expect(waiting.delete(call as WaitingCall<Waiter>)).toBe(true),
              },
              now,
            )
            if (call !== undefined) waiting.set(call, `c${consumer}`)
          }
        } else if (act === 'leave' || act === 'fail') {
          const [place] = running.splice(nth % Math.max(1, running.length), 1)
          if (place !== undefined) gate.leave(place, 0, act === 'fail' ? failed : answered, now)
        } else if (act === 'cancel') {
          const call = [...waiting.keys()][nth % Math.max(1, waiting.size)]
          if (call !== undefined) {
            gate.cancel(call, now)
            waiting.delete(call)
          }
        } else if (act === 'expire') gate.expire(now)
        else gate.hold(act as 'release', now)
        expect(gate.inFlight).toBe(running.length)
        expect(gate.waiting).toBe(waiting.size)
        expect(gate.inFlight).toBeLessThanOrEqual(8)
        const shut = gate.breaker.kind === 'held-open' || (!observes && (gate.breaker.kind === 'open' || gate.breaker.kind === 'half-open'))
        if (shut) expect(waiting.size).toBe(0)
        if (gate.inFlight === 0) expect(waiting.size).toBe(0)
      }
      for (const place of running.splice(0)) gate.leave(place, 0, answered, now)
      while (running.length > 0) gate.leave(running.shift() as GatePlace, 0, answered, now)
      expect([gate.inFlight, gate.waiting]).toEqual([0, 0])
    }),
    { numRuns: 300 },
  )
})

test('a consumer that may hold all need not give way', () => {
  const gate = new ProviderGate({ ...rules, mostOfOne: 1 })
  entered(gate.enter('small', 0))
  for (let nth = 0; nth < 3; nth++) entered(gate.enter('hog', 0))
  expect(gate.enter('hog', 0)).toBe('full')
  const slow: GateSample = { ...answered, latencyMs: 5_000 } as GateSample
  const idle = new ProviderGate({ ...rules, mostOfOne: 1 })
  for (let now = 0; now < 30_000; now += 100) {
    const places = ['small', 'hog', 'hog', 'hog', 'hog'].map((who) => idle.enter(who, now)).filter((one) => typeof one !== 'string')
    for (const place of places) idle.leave(place, 0, now < 10_000 ? answered : slow, now)
  }
  expect(idle.enter('hog', 30_000)).not.toBe('full')
  expect(idle.enter('hog', 30_000)).not.toBe('full')
})

test('a consumer that wants ever more gives way once answers take longer, and the others do not', () => {
  const wide = { ...rules, limit: { ...rules.limit, floor: 4, ceiling: 64, initial: 16, tolerance: 3 } }
  const gate = new ProviderGate(wide)
  let busy: { place: GatePlace; who: string; began: number; ends: number }[] = []
  const kept = { hog: 0, small: 0, other: 0 }
  for (let now = 0; now < 90_000; now += 20) {
    for (const { place, began } of busy.filter(({ ends }) => ends <= now))
      gate.leave(place, 0, { ...answered, latencyMs: now - began } as GateSample, now)
    busy = busy.filter(({ ends }) => ends > now)
    const wanted: ('hog' | 'small' | 'other')[] = now % 100 === 0 ? ['small', 'other'] : []
    if (now > 10_000) for (let nth = 0; nth < 20; nth++) wanted.push('hog')
    for (const who of wanted) {
      const found = gate.enter(who, now)
      // Six calls at a time are no trouble; beyond them, each takes as much longer.
      if (typeof found !== 'string') busy.push({ place: found, who, began: now, ends: now + 100 * Math.max(1, (busy.length + 1) / 6) })
      else if (now > 50_000) kept[who]++
    }
    if (now > 50_000) expect(busy.filter(({ who }) => who === 'hog').length).toBeLessThanOrEqual(7)
  }
  expect(kept).toMatchObject({ small: 0, other: 0 })
  expect(kept.hog).toBeGreaterThan(0)
})

describe('other rules', () => {
  test('what was learned stays, within the new bounds; the circuit and whoever waits stay too', () => {
    const gate = new ProviderGate(rules)
    Array.from({ length: 4 }, () => entered(gate.enter('a', 0)))
    const { waiter, became } = noting()
    gate.wait({ consumer: 'a', rank: 1 }, waiter, 0)
    gate.follow({ ...rules, limit: { ...rules.limit, floor: 1, ceiling: 3 } }, 1)
    expect([gate.limit.limit, gate.inFlight, gate.waiting, became]).toEqual([3, 4, 1, []])
    gate.follow({ ...rules, limit: { ...rules.limit, floor: 6 } }, 2)
    expect([gate.limit.limit, gate.waiting, became]).toEqual([6, 0, ['granted']])
  })

  test('a circuit that was only observed and counts now refuses those that wait', () => {
    const gate = new ProviderGate({ ...rules, breakerObserves: true })
    trip(gate, 0)
    expect(gate.breaker.kind).toBe('open')
    const places = gate.limit.limit
    for (let nth = 0; nth < places; nth++) entered(gate.enter('a', 1))
    const { waiter, became } = noting()
    gate.wait({ consumer: 'a', rank: 1 }, waiter, 1)
    gate.follow(rules, 2)
    expect(became).toEqual(['unavailable'])
    expect(gate.enter('a', 3)).toBe('unavailable')
  })

  test('weights and guarantees of consumers that are known already change as well', () => {
    const gate = new ProviderGate({ ...rules, mostOfOne: 0.5 })
    entered(gate.enter('b', 0))
    const first = entered(gate.enter('a', 0))
    entered(gate.enter('a', 0))
    expect(gate.enter('a', 0)).toBe('full')
    gate.follow({ ...rules, queue: { ...rules.queue, guaranteeOf: (consumer) => (consumer === 'a' ? 0.75 : 0) } }, 1)
    expect(typeof gate.enter('a', 2)).toBe('object')
    gate.leave(first, 0, answered, 3)
  })
})

test('places that come from elsewhere let those through that wait, a consumer that had as many as one may have too', () => {
  const lease = firstLease(rules, 0, 2)
  const leased = new LeasedLimit(lease, { level: 'none' }, () => undefined)
  const gate = new ProviderGate(rules, 1, undefined, leased)
  leased.serve(gate)
  for (let nth = 0; nth < 2; nth++) entered(gate.enter('a', 0))
  const calls = Array.from({ length: 3 }, () => {
    expect(gate.enter('a', 0)).toBe('full')
    const one = noting()
    gate.wait({ consumer: 'a', rank: 1 }, one.waiter, 0)
    return one.became
  })
  leased.take({ ...lease, seq: 1, places: 4 }, 1)
  expect(calls).toEqual([['granted'], ['granted'], []])
  expect(gate.inFlight).toBe(4)
  leased.take({ ...lease, seq: 2, places: 0 }, 2)
  expect(gate.retryAfterMs('full', 2)).toBe(0)
  expect(leased.takeNeed(2)).toMatchObject({ seq: 2, places: 0, inFlight: 4, wanted: 5 })
})

test('one that wants more from the very beginning gets what others leave, as long as answers take no longer', () => {
  const gate = new ProviderGate({ ...rules, limit: { ...rules.limit, ceiling: 64 }, queue: { ...rules.queue, length: 256 } })
  const begun: GatePlace[] = []
  const waiter: Waiter = { granted: (place) => begun.push(place), refused: () => undefined }
  for (let now = 0; now < 60_000; now += 50) {
    gate.expire(now)
    gate.leave(entered(gate.enter('light', now)), 0, answered, now)
    // As many more as its last answers, up to sixty-four that wait.
    for (const place of begun.splice(0)) gate.leave(place, 0, answered, now)
    while (gate.waiting < 64) {
      const place = gate.enter('heavy', now)
      if (place === 'full') gate.wait({ consumer: 'heavy', rank: 1 }, waiter, now)
      else begun.push(entered(place))
    }
  }
  // Half of the places, as no consumer may have more while others call.
  expect([gate.limit.limit, begun.length]).toEqual([64, 32])
})
