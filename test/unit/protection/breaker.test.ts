import {
  type BreakerEvent,
  type BreakerRules,
  type BreakerState,
  breakerAnswer,
  breakerWait,
  closedBreaker,
  nextBreaker,
} from '../../../src/protection/breaker.ts'

const rules: BreakerRules = {
  failureRate: 0.5,
  minimumCalls: 10,
  windowMs: 30_000,
  openMs: 5_000,
  longestOpenMs: 60_000,
  longestRetryAfterMs: 300_000,
  probes: 3,
  probeMs: 2_000,
}

const states = {
  closed: { kind: 'closed', episode: 4 },
  open: { kind: 'open', episode: 4, openings: 1, until: 20_000 },
  'half-open': { kind: 'half-open', episode: 4, openings: 1, since: 10_000, begun: 1, succeeded: 1 },
  'held-open': { kind: 'held-open', episode: 4 },
  'held-closed': { kind: 'held-closed', episode: 4 },
} as const satisfies Record<BreakerState['kind'], BreakerState>

const trip = { calls: 10, failures: 5, callers: 1, failingCallers: 1 }
const events = {
  'a probe began': { type: 'probe-began', now: 11_000 },
  'a usual call succeeded': { type: 'succeeded' },
  'a probe succeeded': { type: 'succeeded', probe: 4 },
  'a stale probe succeeded': { type: 'succeeded', probe: 3 },
  'a call failed, too few': { type: 'failed', now: 11_000, tally: { ...trip, calls: 9, failures: 9 }, retryAt: 0 },
  'a call failed, too often': { type: 'failed', now: 11_000, tally: trip, retryAt: 0 },
  'a call failed and said how long': { type: 'failed', now: 11_000, tally: trip, retryAt: 41_000 },
  'a probe failed': { type: 'failed', now: 11_000, probe: 4, tally: trip, retryAt: 0 },
  'a stale probe failed': { type: 'failed', now: 11_000, probe: 3, tally: { ...trip, calls: 1, failures: 1 }, retryAt: 0 },
  'held open': { type: 'hold-open' },
  'held closed': { type: 'hold-closed' },
  released: { type: 'release' },
} as const satisfies Record<string, BreakerEvent>

const opened = { kind: 'open', episode: 5, openings: 1, until: 16_000 }
const reopened = { kind: 'open', episode: 5, openings: 2, until: 21_000 }

/** What each event makes of each state; what is not named changes nothing. */
const changes: Readonly<Record<BreakerState['kind'], Readonly<Partial<Record<keyof typeof events, object>>>>> = {
  closed: {
    'a call failed, too often': opened,
    'a call failed and said how long': { ...opened, until: 41_000 },
    'a probe failed': opened,
    'held open': states['held-open'],
    'held closed': states['held-closed'],
  },
  open: {
    'a probe began': { kind: 'half-open', episode: 4, openings: 1, since: 11_000, begun: 1, succeeded: 0 },
    'a call failed and said how long': { ...states.open, until: 41_000 },
    'held open': states['held-open'],
    'held closed': states['held-closed'],
  },
  'half-open': {
    'a probe began': { ...states['half-open'], begun: 2 },
    'a probe succeeded': { ...states['half-open'], succeeded: 2 },
    'a probe failed': reopened,
    'held open': states['held-open'],
    'held closed': states['held-closed'],
  },
  'held-open': { 'held closed': states['held-closed'], released: states.closed },
  'held-closed': { 'held open': states['held-open'], released: states.closed },
}

const cases = Object.keys(states).flatMap((state) => Object.keys(events).map((event) => [state, event] as const))

test.each(cases)('%s: %s', (name, event) => {
  const state = states[name as keyof typeof states]
  const expected = changes[name as keyof typeof states][event as keyof typeof events] ?? state
  expect(nextBreaker(state, events[event as keyof typeof events], rules)).toEqual(expected)
})

test('so many probes that succeed close it; those of an earlier opening do not count', () => {
  let state: BreakerState = { ...states['half-open'], succeeded: 0 }
  for (const probe of [4, 3, 4, undefined]) state = nextBreaker(state, { type: 'succeeded', probe }, rules)
  expect(state.kind).toBe('half-open')
  expect(nextBreaker(state, { type: 'succeeded', probe: 4 }, rules)).toEqual({ kind: 'closed', episode: 4 })
})

test('open, it refuses until its time is over, then lets a bounded number of probes through each period, answered or not', () => {
  expect(breakerAnswer(states.open, 19_999, rules)).toBe('refuse')
  expect(breakerWait(states.open, 19_000, rules)).toBe(1000)
  let state: BreakerState = states.open
  const through: number[] = []
  for (let now = 20_000; now < 25_000; now += 100) {
    if (breakerAnswer(state, now, rules) !== 'probe') continue
    through.push(now)
    state = nextBreaker(state, { type: 'probe-began', now }, rules)
  }
  expect(through).toEqual([20_000, 20_100, 20_200, 22_000, 22_100, 22_200, 24_000, 24_100, 24_200])
  expect(breakerWait(state, 24_500, rules)).toBe(1500)
})

test('each opening without a recovery in between is twice as long, up to a bound', () => {
  const durations = [1, 2, 3, 4, 5, 50, 5000].map((openings) => {
    const next = nextBreaker({ ...states['half-open'], openings }, { ...events['a probe failed'], now: 0 }, rules)
    return next.kind === 'open' ? next.until : undefined
  })
  expect(durations).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000, 60_000])
})

test("the provider's own Retry-After counts where it is later, up to a bound", () => {
  const until = (retryAt: number) =>
    (nextBreaker(closedBreaker, { type: 'failed', now: 1000, tally: trip, retryAt }, rules) as { until: number }).until
  expect([0, 3_000, 50_000, 9_000_000].map(until)).toEqual([6_000, 6_000, 50_000, 301_000])
})

test('one consumer whose calls all fail does not shut the provider off from others whose calls do not', () => {
  const after = (tally: object) =>
    nextBreaker(closedBreaker, { type: 'failed', now: 0, tally: { ...trip, ...tally }, retryAt: 0 }, rules).kind
  expect(after({ calls: 100, failures: 99, callers: 2, failingCallers: 1 })).toBe('closed')
  expect(after({ calls: 100, failures: 99, callers: 2, failingCallers: 2 })).toBe('open')
  expect(after({ calls: 100, failures: 99, callers: 1, failingCallers: 1 })).toBe('open')
  expect(after({ calls: 100, failures: 49, callers: 2, failingCallers: 2 })).toBe('closed')
})

describe('what another gate to the same provider saw', () => {
  const elsewhere = { type: 'opened-elsewhere', until: 5_000, openings: 1 } as const

  test('opens a closed circuit until the same moment, as a new episode, so that no call under way is taken for a probe', () => {
    expect(nextBreaker(closedBreaker, elsewhere, rules)).toEqual({ kind: 'open', episode: 1, openings: 1, until: 5_000 })
  })

  test('prolongs one that is open and never shortens it', () => {
    const open = { kind: 'open', episode: 1, openings: 1, until: 4_000 } as const
    expect(nextBreaker(open, elsewhere, rules)).toEqual({ ...open, until: 5_000 })
    expect(nextBreaker({ ...open, until: 9_000 }, elsewhere, rules)).toMatchObject({ until: 9_000 })
  })

  test('counts the openings of all gates, so that the next one is longer at whichever', () => {
    const open = { kind: 'open', episode: 1, openings: 1, until: 4_000 } as const
    const third = { ...elsewhere, openings: 3 }
    expect(nextBreaker(open, third, rules)).toMatchObject({ openings: 3 })
    expect(nextBreaker(closedBreaker, third, rules)).toMatchObject({ openings: 3 })
    expect(nextBreaker({ ...open, openings: 5 }, third, rules)).toMatchObject({ openings: 5 })
  })

  test('closes one that is open or being tried, and leaves alone what an operator holds', () => {
    const open = { kind: 'open', episode: 3, openings: 1, until: 4_000 } as const
    expect(nextBreaker(open, { type: 'closed-elsewhere', openings: 1 }, rules)).toEqual({ kind: 'closed', episode: 3 })
    for (const kind of ['held-open', 'held-closed'] as const) {
      expect(nextBreaker({ kind, episode: 3 }, { type: 'closed-elsewhere', openings: 1 }, rules)).toEqual({ kind, episode: 3 })
      expect(nextBreaker({ kind, episode: 3 }, elsewhere, rules)).toEqual({ kind, episode: 3 })
    }
  })
})
