import { AdaptiveLimit, type LimitRules } from './adaptive-limit.ts'
import { type BreakerRules, type BreakerState, breakerAnswer, breakerWait, closedBreaker, nextBreaker } from './breaker.ts'
import { FailureWindow } from './failure-window.ts'
import { FairQueue, type Places, type QueueRules } from './fair-queue.ts'
import type { CallRank, WaitingCall, WaitingFlow } from './waiting-flow.ts'

/** All that decides about calls to one provider. Times are in milliseconds. */
export interface GateRules {
  readonly limit: LimitRules
  /** The learned limit is told and not held: `limit.ceiling` is. */
  readonly limitObserves: boolean
  readonly breaker: BreakerRules
  /** The circuit is told and not acted upon, unless an operator holds it. */
  readonly breakerObserves: boolean
  readonly queue: QueueRules
  /** The share of the places that one consumer may hold while others call, and for how long after another's last call that counts. */
  readonly mostOfOne: number
  readonly contestedMs: number
}

/** A call that has not been let through at once, as its owner sees it. Called at most once, and never from within `wait`. */
export interface Waiter {
  granted(place: GatePlace): void
  refused(why: GateRefusal): void
}

/** Why a call is not let through: no place in time, none even to wait, or a circuit that is open. */
export type GateRefusal = 'too-late' | 'full' | 'unavailable'

/** A place at the provider, given back once with `leave`. */
export interface GatePlace {
  readonly flow: WaitingFlow<Waiter>
  readonly began: number
  /** The episode of the circuit that this call probes. */
  readonly probe: number | undefined
  /** What would have kept this call, were it not only observed. */
  readonly observed: 'limit' | 'circuit' | undefined
}

/** How a call ended, as far as the provider is to be blamed or praised. */
export type GateSample =
  /**
   * An answer began. `latencyMs` is absent where it is an error, which comes sooner than what was asked for. `pushback`: it says that the provider has too much
   * to do; `failed`: that it is out of order; `retryAt`: the monotonic ms until which it wants to be left alone, 0 where it does not.
   */
  | {
      readonly kind: 'answered'
      readonly latencyMs: number | undefined
      readonly pushback: boolean
      readonly failed: boolean
      readonly retryAt: number
    }
  /** Not reached, not in time, not valid. */
  | { readonly kind: 'failed' }
  /** The caller hung up this long after the request was sent, before an answer began. */
  | { readonly kind: 'abandoned'; readonly waitedMs: number }
  /** Says nothing of the provider. */
  | { readonly kind: 'none' }

/** What is asked of a gate: by whom, how urgent, and which kind of call (a small whole number, for its usual time). */
export interface GateCall {
  readonly consumer: string
  readonly rank: CallRank
}

/** The share by which a new duration moves the mean. */
const meanWeight = 0.05

/**
 * Lets calls through to one provider: circuit, learned limit and fair queue in one, without a timer and without input or output. Whoever owns it asks
 * with `enter`, may `wait` where that says `full`, gives each place back once with `leave`, and calls `expire` when `deadline` has come.
 */
export class ProviderGate {
  readonly rules: GateRules
  readonly limit: AdaptiveLimit
  readonly #queue: FairQueue<Waiter>
  readonly #window: FailureWindow
  #state: BreakerState = closedBreaker
  #inFlight = 0
  #retryAt = 0
  #heldMs = 0
  #lastConsumer: string | undefined
  #contestedUntil = Number.NEGATIVE_INFINITY

  constructor(rules: GateRules, kinds = 1) {
    this.rules = rules
    this.limit = new AdaptiveLimit(rules.limit, kinds)
    this.#queue = new FairQueue(rules.queue)
    this.#window = new FailureWindow(rules.breaker.windowMs)
  }

  /** Calls under way. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#queue.waiting
  }

  /** The circuit. */
  get breaker(): BreakerState {
    return this.#state
  }

  /** When `expire` is due; undefined while nothing waits. */
  get deadline(): number | undefined {
    return this.#queue.oldest?.deadline
  }

  /** A place at once, or why not: `full` may wait. */
  enter(consumer: string, now: number): GatePlace | 'full' | 'unavailable' {
    if (consumer !== this.#lastConsumer) {
      if (this.#lastConsumer !== undefined) this.#contestedUntil = now + this.rules.contestedMs
      this.#lastConsumer = consumer
    }
    const answer = this.#state.kind === 'closed' ? 'pass' : breakerAnswer(this.#state, now, this.rules.breaker)
    // A probe needs a connection, not a place within a limit that the calls that hang may fill.
    const probes = answer === 'probe' && this.#inFlight < this.rules.limit.ceiling
    if (answer !== 'pass' && !probes && this.#isShut) return 'unavailable'
    const flow = this.#queue.flowOf(consumer)
    if (probes) {
      this.#state = nextBreaker(this.#state, { type: 'probe-began', now }, this.rules.breaker)
      return this.#begin(flow, now, this.#state.episode, undefined)
    }
    const places = this.#places(now)
    // Where there is room although calls wait, they are those of consumers that have all they may have.
    if (this.#inFlight >= places.limit || !this.#queue.mayBegin(flow, places)) return 'full'
    const observed = answer !== 'pass' ? 'circuit' : this.#inFlight >= this.limit.limit ? 'limit' : undefined
    return this.#begin(flow, now, undefined, observed)
  }

  /** Lets a call wait that found the gate full; undefined where there is no room for it to wait. */
  wait({ consumer, rank }: GateCall, waiter: Waiter, now: number): WaitingCall<Waiter> | undefined {
    return this.#queue.add(this.#queue.flowOf(consumer), rank, waiter, now, this.#places(now))
  }

  /** A waiting call's caller hung up. */
  cancel(call: WaitingCall<Waiter>, now: number): void {
    this.#queue.cancel(call, this.#places(now))
  }

  /** Gives a place back, once, and says how it went; `kind` is the kind of call. Whoever waits and has room now is let through before this returns. */
  leave(place: GatePlace, kind: number, sample: GateSample, now: number): void {
    const busy = this.#inFlight--
    this.#heldMs += meanWeight * (now - place.began - this.#heldMs)
    this.#learn(place, kind, sample, busy, now)
    this.#queue.end(place.flow, this.#places(now))
    this.#letThrough(now)
  }

  /** Refuses the calls whose time to wait is up. */
  expire(now: number): void {
    for (;;) {
      const late = this.#queue.expire(now, this.#places(now))
      if (late === undefined) return
      late.item.refused('too-late')
    }
  }

  /** Refuses every call that waits. */
  refuseAll(now: number): void {
    for (;;) {
      const one = this.#queue.expire(Number.POSITIVE_INFINITY, this.#places(now))
      if (one === undefined) return
      one.item.refused('unavailable')
    }
  }

  /** An operator holds the circuit, or lets go of it. */
  hold(act: 'hold-open' | 'hold-closed' | 'release', now: number): void {
    this.#become(nextBreaker(this.#state, { type: act }, this.rules.breaker), now)
  }

  /** How long a call that is refused now should stay away, in ms: what the circuit leaves, or what the queue takes to drain. */
  retryAfterMs(why: GateRefusal, now: number): number {
    if (why === 'unavailable') return breakerWait(this.#state, now, this.rules.breaker)
    return ((this.waiting + 1) * this.#heldMs) / this.#places(now).limit
  }

  /** The circuit is not closed, and that counts. */
  get #isShut(): boolean {
    const { kind } = this.#state
    return kind === 'held-open' || ((kind === 'open' || kind === 'half-open') && !this.rules.breakerObserves)
  }

  #begin(flow: WaitingFlow<Waiter>, now: number, probe: number | undefined, observed: GatePlace['observed']): GatePlace {
    this.#inFlight++
    this.#queue.begin(flow)
    return { flow, began: now, probe, observed }
  }

  #places(now: number): Places {
    const limit = this.rules.limitObserves ? this.rules.limit.ceiling : this.limit.limit
    return { limit, mostOfOne: now < this.#contestedUntil ? Math.max(1, Math.floor(limit * this.rules.mostOfOne)) : limit }
  }

  #letThrough(now: number): void {
    if (this.#queue.waiting === 0 || this.#isShut) return
    const places = this.#places(now)
    while (this.#inFlight < places.limit) {
      const next = this.#queue.take(places)
      if (next === undefined) return
      this.#inFlight++
      next.item.granted({ flow: next.flow, began: now, probe: undefined, observed: undefined })
    }
  }

  #learn(place: GatePlace, kind: number, sample: GateSample, busy: number, now: number): void {
    switch (sample.kind) {
      case 'answered':
        if (sample.pushback) this.limit.overloaded(busy, now)
        else if (sample.latencyMs !== undefined) this.limit.answered(kind, sample.latencyMs, busy, now)
        this.#judge(place, sample.failed, sample.retryAt, now)
        return
      case 'failed':
        this.limit.overloaded(busy, now)
        this.#judge(place, true, 0, now)
        return
      case 'abandoned':
        this.limit.abandoned(kind, sample.waitedMs, busy, now)
        return
      case 'none':
    }
  }

  #judge({ flow, probe }: GatePlace, failed: boolean, retryAt: number, now: number): void {
    this.#window.record(flow.consumer, failed, now)
    if (retryAt > this.#retryAt) this.#retryAt = retryAt
    if (!failed && this.#state.kind === 'closed') return
    const event = failed
      ? ({ type: 'failed', now, probe, tally: this.#window.tally(now), retryAt: this.#retryAt } as const)
      : ({ type: 'succeeded', probe } as const)
    this.#become(nextBreaker(this.#state, event, this.rules.breaker), now)
  }

  #become(state: BreakerState, now: number): void {
    const before = this.#state
    this.#state = state
    if (before.kind === state.kind) return
    if (state.kind === 'closed') {
      this.#window.clear()
      this.#retryAt = 0
    }
    if (state.kind === 'open') this.limit.restart()
    if (this.#isShut) this.refuseAll(now)
    else this.#letThrough(now)
  }
}
