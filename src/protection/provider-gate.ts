import { AdaptiveLimit } from './adaptive-limit.ts'
import { type BreakerState, breakerAnswer, breakerWait, closedBreaker, nextBreaker } from './breaker.ts'
import { ConsumerCap } from './consumer-cap.ts'
import { FailureWindow } from './failure-window.ts'
import { FairQueue, type Places } from './fair-queue.ts'
import type { GateCall, GatePlace, GateRefusal, GateSample, SharedTurn, Waiter } from './gate-call.ts'
import type { GateRules } from './gate-rules.ts'
import type { ProviderLimit } from './provider-limit.ts'
import type { WaitingCall, WaitingFlow } from './waiting-flow.ts'

/**
 * Lets calls through to one provider: circuit, learned limit and fair queue in one, without a timer and without input or output. Whoever owns it asks
 * with `enter`, may `wait` where that says `full`, gives each place back once with `leave`, and calls `expire` when `deadline` has come.
 */
export class ProviderGate {
  rules: GateRules
  readonly limit: ProviderLimit
  #queue: FairQueue<Waiter>
  #window: FailureWindow
  readonly #turned: ((to: SharedTurn) => void) | undefined
  readonly #cap: ConsumerCap
  #state: BreakerState = closedBreaker
  /** Calls under way; those of them that take no place any more, having begun before the present era. */
  #inFlight = 0
  #forgotten = 0
  #era = 0
  #retryAt = 0
  /** For how long a place is held, in the mean of some twenty calls. */
  #heldMs = 0

  constructor(rules: GateRules, kinds = 1, turned?: (to: SharedTurn) => void, limit?: ProviderLimit) {
    this.rules = rules
    this.#turned = turned
    this.limit = limit ?? new AdaptiveLimit(rules.limit, kinds)
    this.#queue = new FairQueue(rules.queue)
    this.#window = new FailureWindow(rules.breaker.windowMs)
    this.#cap = new ConsumerCap(rules)
  }

  /** Goes by other rules from now on; what was learned, whoever waits and the circuit stay. Failures are counted anew where their window has another length. */
  follow(rules: GateRules, now: number): void {
    if (rules.breaker.windowMs !== this.rules.breaker.windowMs) this.#window = new FailureWindow(rules.breaker.windowMs)
    this.rules = rules
    this.limit.follow(rules.limit)
    this.#cap.follow(rules)
    this.#queue.follow(rules.queue, this.#places(now))
    if (this.#isShut) this.refuseAll(now)
    else this.#letThrough(now)
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
    this.#cap.called(consumer, now)
    const answer = this.#state.kind === 'closed' ? 'pass' : breakerAnswer(this.#state, now, this.rules.breaker)
    // A probe needs a connection, not a place within a limit that the calls that hang may fill.
    const probes = answer === 'probe' && this.#inFlight < this.limit.probing
    if (answer !== 'pass' && !probes && this.#isShut) return 'unavailable'
    const flow = this.#queue.flowOf(consumer)
    if (probes) {
      this.#state = nextBreaker(this.#state, { type: 'probe-began', now }, this.rules.breaker)
      return this.#begin(flow, now, this.#state.episode, undefined)
    }
    const places = this.#places(now)
    // Where there is room although calls wait, they are those of consumers that have all they may have.
    if (this.#isFull(places) || !this.#queue.mayBegin(flow, places)) {
      if (this.#queue.hasItsMost(flow, places)) this.#cap.held(flow, places)
      return 'full'
    }
    const observed = answer !== 'pass' ? 'circuit' : this.#inFlight - this.#forgotten >= this.limit.limit ? 'limit' : undefined
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
    const busy = this.#inFlight-- - this.#forgotten
    // What began before the provider was found well again tells nothing of it.
    if (place.era === this.#era) this.#ended(place, kind, sample, busy, now)
    else this.#forgotten--
    this.#letThrough(now)
  }

  /** The limit is another, not by what was seen here: whoever waits and has room now is let through. */
  placesCame(now: number): void {
    if (this.#queue.waiting > 0) this.#queue.placesCame(this.#places(now))
    this.#letThrough(now)
  }

  /** Refuses the calls whose time to wait is up. */
  expire(now: number): void {
    this.#refuse('too-late', now, now)
  }

  /** Refuses every call that waits. */
  refuseAll(now: number): void {
    this.#refuse('unavailable', Number.POSITIVE_INFINITY, now)
  }

  /** An operator holds the circuit, or lets go of it. */
  hold(act: 'hold-open' | 'hold-closed' | 'release', now: number): void {
    this.#become(nextBreaker(this.#state, { type: act }, this.rules.breaker), now)
  }

  /** Takes over what the circuit became at another gate to the same provider. An operator's hold stays. */
  adopt(to: SharedTurn, now: number): void {
    const event =
      to.kind === 'open' ? ({ type: 'opened-elsewhere', until: now + to.forMs } as const) : ({ type: 'closed-elsewhere' } as const)
    this.#become(nextBreaker(this.#state, event, this.rules.breaker), now)
  }

  /** How long a call that is refused now should stay away, in ms: what the circuit leaves, or what the queue takes to drain. */
  retryAfterMs(why: GateRefusal, now: number): number {
    if (why === 'unavailable') return breakerWait(this.#state, now, this.rules.breaker)
    return ((this.waiting + 1) * this.#heldMs) / Math.max(1, this.#places(now).limit)
  }

  /** The circuit is not closed, and that counts. */
  get #isShut(): boolean {
    const { kind } = this.#state
    return kind === 'held-open' || ((kind === 'open' || kind === 'half-open') && !this.rules.breakerObserves)
  }

  #begin(flow: WaitingFlow<Waiter>, now: number, probe: number | undefined, observed: GatePlace['observed']): GatePlace {
    this.#inFlight++
    this.#queue.begin(flow)
    return { flow, began: now, era: this.#era, probe, observed }
  }

  #places(now: number): Places {
    return this.#cap.places(this.rules.limitObserves ? this.limit.ceiling : this.limit.limit, now)
  }

  #letThrough(now: number): void {
    if (this.#queue.waiting === 0 || this.#isShut) return
    const places = this.#places(now)
    while (!this.#isFull(places)) {
      const next = this.#queue.take(places)
      if (next === undefined) return
      this.#inFlight++
      next.item.granted({ flow: next.flow, began: now, era: this.#era, probe: undefined, observed: undefined })
    }
  }

  #refuse(why: GateRefusal, until: number, now: number): void {
    for (let one = this.#queue.expire(until, this.#places(now)); one !== undefined; one = this.#queue.expire(until, this.#places(now)))
      one.item.refused(why)
  }

  #isFull({ limit }: Places): boolean {
    return this.#inFlight - this.#forgotten >= limit || this.#inFlight >= this.limit.probing
  }

  #ended(place: GatePlace, kind: number, sample: GateSample, busy: number, now: number): void {
    const queue = this.#queue
    this.#heldMs += (now - place.began - this.#heldMs) / 20
    this.#learn(place, kind, sample, busy, now)
    const closed = this.limit.takeClosed()
    if (closed !== undefined) this.#cap.closed(closed, queue.active)
    if (queue === this.#queue) queue.end(place.flow, this.#places(now))
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
    const before = this.#state
    this.#become(nextBreaker(before, event, this.rules.breaker), now)
    const after = this.#state
    if (after.kind === before.kind) return
    if (after.kind === 'open') this.#turned?.({ kind: 'open', forMs: after.until - now })
    if (after.kind === 'closed') this.#turned?.({ kind: 'closed' })
  }

  #become(state: BreakerState, now: number): void {
    const before = this.#state
    this.#state = state
    if (before.kind === state.kind) return
    if (state.kind === 'closed') {
      this.#window.clear()
      this.#retryAt = 0
      if (!this.rules.breakerObserves && (before.kind === 'open' || before.kind === 'half-open')) {
        // Nobody waits, as the circuit was open. Calls that still hang have connections, and take nobody's place.
        this.#forgotten = this.#inFlight
        this.#era++
        this.#queue = new FairQueue(this.rules.queue)
      }
    }
    if (state.kind === 'open') this.limit.restart()
    if (this.#isShut) this.refuseAll(now)
    else this.#letThrough(now)
  }
}
