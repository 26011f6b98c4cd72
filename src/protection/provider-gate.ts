import { AdaptiveLimit } from './adaptive-limit.ts'
import type { BreakerState } from './breaker.ts'
import { Circuit } from './circuit.ts'
import { ConsumerCap } from './consumer-cap.ts'
import type { FailureWindow } from './failure-window.ts'
import { FairQueue } from './fair-queue.ts'
import type { GateCall, GatePlace, GateRefusal, GateSample, SharedTurn, Waiter } from './gate-call.ts'
import type { GateRules } from './gate-rules.ts'
import type { GateNews } from './place-lease.ts'
import type { GatePlaces } from './places.ts'
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
  readonly #circuit: Circuit
  /** Of the circuit, what each call needs: one object less to fetch. */
  readonly #window: FailureWindow
  #isClosed = true
  readonly #turned: ((to: SharedTurn) => void) | undefined
  readonly #cap: ConsumerCap
  #inFlight = 0
  #hanging = 0
  #era = 0
  /** For how long a place is held, in the mean of some twenty calls. */
  #heldMs = 0

  constructor(rules: GateRules, kinds = 1, turned?: (to: SharedTurn) => void, limit?: ProviderLimit) {
    this.rules = rules
    this.#turned = turned
    this.limit = limit ?? new AdaptiveLimit(rules.limit, kinds)
    this.#queue = new FairQueue(this.rules.queue, this.limit)
    this.#circuit = new Circuit(rules.breaker)
    this.#window = this.#circuit.window
    this.#cap = new ConsumerCap(rules)
  }

  /** Goes by other rules from now on; what was learned, whoever waits and the circuit stay. */
  follow(rules: GateRules, now: number): void {
    this.rules = rules
    this.#circuit.follow(rules.breaker)
    this.limit.follow(rules.limit)
    this.#cap.followRules(rules)
    this.#queue.follow(rules.queue, this.#places(now))
    if (this.#isShut) this.refuseAll(now)
    else this.#letThrough(now)
  }

  /** Calls under way. */
  get inFlight(): number {
    return this.#inFlight
  }

  /** Of the calls under way, those that take no place any more, having begun before the present era. */
  get hanging(): number {
    return this.#hanging
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#queue.waiting
  }

  /** The circuit. */
  get breaker(): BreakerState {
    return this.#circuit.state
  }

  /** When `expire` is due; undefined while nothing waits. */
  get deadline(): number | undefined {
    return this.#queue.oldest?.deadline
  }

  /** A place at once, or why not: `full` may wait. */
  enter(consumer: string, now: number): GatePlace | 'full' | 'unavailable' {
    this.#cap.called(consumer, now)
    const answer = this.#isClosed ? 'pass' : this.#circuit.answer(now)
    // A probe needs a connection, not a place within a limit that the calls that hang may fill.
    const probes = answer === 'probe' && this.#inFlight < this.limit.probing
    if (answer !== 'pass' && !probes && this.#isShut) return 'unavailable'
    const flow = this.#queue.flowOf(consumer)
    if (probes) return this.#begin(flow, now, this.#circuit.probe(now), undefined)
    const places = this.#places(now)
    // Where there is room although calls wait, they are those of consumers that have all they may have.
    if (this.#isFull(places) || !this.#queue.mayBegin(flow, places)) {
      if (this.#queue.hasItsMost(flow, places)) this.#cap.held(flow, places)
      return 'full'
    }
    const observed = answer !== 'pass' ? 'circuit' : this.#inFlight - this.#hanging >= this.limit.limit ? 'limit' : undefined
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
    const busy = this.#inFlight-- - this.#hanging
    // What began before the provider was found well again tells nothing of it.
    if (place.era === this.#era) this.#ended(place, kind, sample, busy, now)
    else this.#hanging--
    this.#letThrough(now)
  }

  /** The limit is another, not by what was seen here: whoever waits and has room now is let through. */
  placesCame(now: number): void {
    this.#windowClosed()
    this.#queue.placesCame(this.#places(now))
    this.#letThrough(now)
  }

  /** What consumers want here, and what failed since. */
  takeNews(now: number): GateNews {
    return { demand: this.#cap.takeDemand(this.#queue.demands(this.#places(now))), failures: this.#window.report(now) }
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
    const { kind } = this.#circuit.state
    if (this.#circuit.take({ type: act })) this.#became(kind, now)
  }

  /** Takes over what the circuit became at another gate to the same provider. An operator's hold stays. */
  adopt(to: SharedTurn, now: number): void {
    const { kind } = this.#circuit.state
    if (this.#circuit.adopt(to, now)) this.#became(kind, now)
    this.#circuit.tell(this.#turned, false, now)
  }

  /** How long a call that is refused now should stay away, in ms: what the circuit leaves, or what the machine's queue takes to drain. */
  retryAfterMs(why: GateRefusal, now: number): number {
    if (why === 'unavailable') return this.#circuit.waitMs(now)
    const waiting = this.waiting + (this.limit.machine?.waiting ?? 0)
    return ((waiting + 1) * this.#heldMs) / Math.max(1, this.#places(now).limit)
  }

  /** The circuit is not closed, and that counts. */
  get #isShut(): boolean {
    return !this.#isClosed && this.#circuit.isShut(this.rules.breakerObserves)
  }

  #begin(flow: WaitingFlow<Waiter>, now: number, probe: number | undefined, observed: GatePlace['observed']): GatePlace {
    this.#inFlight++
    this.#queue.begin(flow)
    return { flow, began: now, era: this.#era, probe, observed }
  }

  #places(now: number): GatePlaces {
    return this.#cap.places(this.rules.limitObserves ? this.limit.ceiling : this.limit.limit, this.limit.machine, now)
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

  #isFull({ here }: GatePlaces): boolean {
    return this.#inFlight - this.#hanging >= here || this.#inFlight >= this.limit.probing
  }

  #ended(place: GatePlace, kind: number, sample: GateSample, busy: number, now: number): void {
    const queue = this.#queue
    this.#heldMs += (now - place.began - this.#heldMs) / 20
    this.#learn(place, kind, sample, busy, now)
    this.#windowClosed()
    if (queue === this.#queue) queue.end(place.flow, this.#places(now))
  }

  #windowClosed(): void {
    const closed = this.limit.takeClosed()
    if (closed !== undefined) this.#cap.closed(closed, this.#queue.active)
  }

  #learn(place: GatePlace, kind: number, sample: GateSample, busy: number, now: number): void {
    switch (sample.kind) {
      case 'answered':
        if (sample.pushback) this.limit.overloaded(busy, now)
        else if (sample.latencyMs !== undefined) this.limit.answered(kind, sample.latencyMs, busy, now)
        else this.limit.erred()
        this.#judge(place, sample.failed, sample.retryAt, now)
        return
      case 'failed':
        this.limit.overloaded(busy, now)
        this.#judge(place, true, 0, now)
        return
      case 'abandoned':
        this.limit.abandoned(kind, sample.waitedMs, busy, now)
    }
  }

  #judge({ flow, probe }: GatePlace, failed: boolean, retryAt: number, now: number): void {
    this.#window.record(flow.consumer, failed, now)
    if (retryAt > 0) this.#circuit.askedToWait(retryAt)
    if (!failed && this.#isClosed) return
    const { kind } = this.#circuit.state
    const turned = this.#circuit.judge(failed, probe, this.limit.machine, now)
    if (turned) this.#became(kind, now)
    this.#circuit.tell(this.#turned, turned, now)
  }

  /** The circuit is of another kind than before. */
  #became(before: BreakerState['kind'], now: number): void {
    const { kind } = this.#circuit.state
    this.#isClosed = kind === 'closed'
    if (kind === 'closed' && !this.rules.breakerObserves && (before === 'open' || before === 'half-open')) {
      // Nobody waits, as the circuit was open. Calls that still hang have connections, and take nobody's place.
      this.#hanging = this.#inFlight
      this.#era++
      this.#queue = new FairQueue(this.rules.queue, this.limit)
    }
    if (kind === 'open') this.limit.restart()
    else if (kind === 'closed') this.limit.recovered()
    if (this.#isShut) this.refuseAll(now)
    else this.#letThrough(now)
  }
}
