import type { FailureTally } from './failure-window.ts'

/** When a circuit opens and how it closes again. Times are in milliseconds. */
export interface BreakerRules {
  /** The share of failed calls from which on it opens, once the window holds `minimumCalls`. */
  readonly failureRate: number
  readonly minimumCalls: number
  readonly windowMs: number
  /** How long it stays open at first; each opening that follows without a recovery doubles that, up to `longestOpenMs`. */
  readonly openMs: number
  readonly longestOpenMs: number
  /** A provider's Retry-After counts up to this. */
  readonly longestRetryAfterMs: number
  /** Half-open, so many calls are let through each `probeMs`, and so many successes close it. */
  readonly probes: number
  readonly probeMs: number
}

/** A circuit. `episode` counts its openings, so that the end of a call that began before one is not taken for a probe's. */
export type BreakerState =
  | { readonly kind: 'closed'; readonly episode: number }
  | { readonly kind: 'open'; readonly episode: number; readonly openings: number; readonly until: number }
  | {
      readonly kind: 'half-open'
      readonly episode: number
      readonly openings: number
      /** When the present probe period began, how many probes began in it, and how many succeeded in all. */
      readonly since: number
      readonly begun: number
      readonly succeeded: number
    }
  | { readonly kind: 'held-open'; readonly episode: number }
  | { readonly kind: 'held-closed'; readonly episode: number }

/** What happens to a circuit. Times are monotonic ms; `probe` is the episode in which a probe began, absent for a usual call. */
export type BreakerEvent =
  | { readonly type: 'probe-began'; readonly now: number }
  | { readonly type: 'succeeded'; readonly probe?: number | undefined }
  | {
      readonly type: 'failed'
      readonly now: number
      readonly probe?: number | undefined
      readonly tally: FailureTally
      /** Until when the provider asked to be left alone; 0 where it did not. */
      readonly retryAt: number
    }
  /** At another gate to the same provider. */
  | { readonly type: 'opened-elsewhere'; readonly until: number; readonly openings: number }
  | { readonly type: 'closed-elsewhere'; readonly openings: number }
  | { readonly type: 'hold-open' }
  | { readonly type: 'hold-closed' }
  | { readonly type: 'release' }

/** What a call that comes now is: let through, let through to try, or refused. */
export type BreakerAnswer = 'pass' | 'probe' | 'refuse'

/** A circuit as it begins. */
export const closedBreaker: BreakerState = { kind: 'closed', episode: 0 }

/** What becomes of a call that comes now. Changes nothing: a probe that is made is told by `probe-began`. */
export function breakerAnswer(state: BreakerState, now: number, rules: BreakerRules): BreakerAnswer {
  switch (state.kind) {
    case 'closed':
    case 'held-closed':
      return 'pass'
    case 'held-open':
      return 'refuse'
    case 'open':
      return now >= state.until ? 'probe' : 'refuse'
    case 'half-open':
      return state.begun < rules.probes || now - state.since >= rules.probeMs ? 'probe' : 'refuse'
  }
}

/** The one transition of a circuit (Nygard, *Release It!*). Pure; returns the same state where nothing changes. */
export function nextBreaker(state: BreakerState, event: BreakerEvent, rules: BreakerRules): BreakerState {
  const { episode } = state
  switch (event.type) {
    case 'hold-open':
      return { kind: 'held-open', episode }
    case 'hold-closed':
      return { kind: 'held-closed', episode }
    case 'release':
      return state.kind === 'held-open' || state.kind === 'held-closed' ? { kind: 'closed', episode } : state
    case 'probe-began':
      return probeBegan(state, event.now, rules)
    case 'opened-elsewhere':
      return openedElsewhere(state, event)
    case 'closed-elsewhere':
      return closedElsewhere(state, event.openings)
    case 'succeeded':
      if (state.kind !== 'half-open' || event.probe !== episode) return state
      return state.succeeded + 1 >= rules.probes ? { kind: 'closed', episode } : { ...state, succeeded: state.succeeded + 1 }
    case 'failed':
      return failed(state, event, rules)
  }
}

/** How long, in ms, until a call may be let through again; 0 where one is now. A circuit held open says `longestOpenMs`. */
export function breakerWait(state: BreakerState, now: number, rules: BreakerRules): number {
  switch (state.kind) {
    case 'closed':
    case 'held-closed':
      return 0
    case 'held-open':
      return rules.longestOpenMs
    case 'open':
      return Math.max(0, state.until - now)
    case 'half-open':
      return breakerAnswer(state, now, rules) === 'probe' ? 0 : state.since + rules.probeMs - now
  }
}

function probeBegan(state: BreakerState, now: number, { probeMs }: BreakerRules): BreakerState {
  if (state.kind === 'open') {
    const { episode, openings } = state
    return { kind: 'half-open', episode, openings, since: now, begun: 1, succeeded: 0 }
  }
  if (state.kind !== 'half-open') return state
  // A probe that is not answered within its period makes room for another: a provider that hung is not waited for.
  return now - state.since >= probeMs ? { ...state, since: now, begun: 1 } : { ...state, begun: state.begun + 1 }
}

function failed(state: BreakerState, event: BreakerEvent & { readonly type: 'failed' }, rules: BreakerRules): BreakerState {
  switch (state.kind) {
    case 'closed':
      return trips(event.tally, rules) ? opened(state.episode + 1, 1, event, rules) : state
    case 'open':
      // Calls that were under way when it opened may still say how long to stay away.
      return asked(event, rules) > state.until ? { ...state, until: asked(event, rules) } : state
    case 'half-open':
      return event.probe === state.episode ? opened(state.episode + 1, state.openings + 1, event, rules) : state
    case 'held-open':
    case 'held-closed':
      return state
  }
}

/** Opens like the other gate, with the openings counted, so that each that follows without a recovery is longer here too, also where none was tried here. */
function openedElsewhere(state: BreakerState, { until, openings }: BreakerEvent & { readonly type: 'opened-elsewhere' }): BreakerState {
  switch (state.kind) {
    case 'closed':
      return { kind: 'open', episode: state.episode + 1, openings, until }
    case 'open':
      return { ...state, openings: Math.max(state.openings, openings), until: Math.max(state.until, until) }
    case 'half-open':
      return { kind: 'open', episode: state.episode + 1, openings: Math.max(state.openings, openings), until }
    case 'held-open':
    case 'held-closed':
      return state
  }
}

/** Two gates may try a provider at a time, one well and one not, and each hear of the other afterwards: the later opening counts at both. */
function closedElsewhere(state: BreakerState, openings: number): BreakerState {
  if ((state.kind !== 'open' && state.kind !== 'half-open') || state.openings > openings) return state
  return { kind: 'closed', episode: state.episode }
}

/** One consumer's calls alone cannot shut a provider off from the others: unless nobody else called, two must have seen it fail. */
function trips({ calls, failures, callers, failingCallers }: FailureTally, { minimumCalls, failureRate }: BreakerRules): boolean {
  return calls >= minimumCalls && failures >= failureRate * calls && (callers < 2 || failingCallers > 1)
}

function opened(episode: number, openings: number, event: BreakerEvent & { readonly type: 'failed' }, rules: BreakerRules): BreakerState {
  const openMs = Math.min(rules.longestOpenMs, rules.openMs * 2 ** Math.min(openings - 1, 30))
  return { kind: 'open', episode, openings, until: Math.max(event.now + openMs, asked(event, rules)) }
}

/** Until when the provider asked to be left alone, as far as that is believed. */
function asked({ now, retryAt }: BreakerEvent & { readonly type: 'failed' }, { longestRetryAfterMs }: BreakerRules): number {
  return Math.min(retryAt, now + longestRetryAfterMs)
}
