import type { ConsumerDemand } from './consumer-demand.ts'
import { LinkedList } from './linked-list.ts'
import { type Part, wholePart } from './part.ts'
import { guaranteed, mostOf, mostOfAll, type Places } from './places.ts'
import type { ProviderLimit } from './provider-limit.ts'
import { Rounds } from './rounds.ts'
import { sum } from './sum.ts'
import { type CallRank, firstOf, WaitingCall, WaitingFlow } from './waiting-flow.ts'

/** Who gets how much of a provider. */
export interface QueueRules {
  /** Most calls that wait. One consumer may have as many waiting as there is room left (Choudhury and Hahne's dynamic threshold, 1998). In all processes of a machine together. */
  readonly length: number
  /** How long a call may wait, in ms. */
  readonly patienceMs: number
  /** Calls of this consumer that a round serves: a whole number from 1. */
  weightOf(consumer: string): number
  /** The share of the places, 0 to 1, up to which this consumer comes before every other. */
  guaranteeOf(consumer: string): number
}

/** What other processes of the machine call; undefined where there is this one only. */
type WhereOthersCall = Pick<ProviderLimit, 'machine'>

/** Consumers that became idle while others waited are forgotten in one go, when this many more are idle than had to be kept the last time. */
const idleKept = 64

/**
 * Calls that wait for one provider, served in rounds (see `Rounds`). Consumers below their guarantee come first. O(1) a step, amortised; memory is
 * bounded by `length`, by the calls under way and by the idle consumers of one round, however many there are.
 */
export class FairQueue<Item> {
  #rules: QueueRules
  readonly #at: WhereOthersCall
  #flows = new Map<string, WaitingFlow<Item>>()
  /** One consumer that is kept beside the map: at most providers there is one at a time, and a map that is filled and emptied again costs more than all the rest. */
  #lone: WaitingFlow<Item> | undefined
  #idle = 0
  #keptIdle = 0
  #waiting = 0
  readonly #guaranteed = new LinkedList<WaitingFlow<Item>>()
  /** Consumers with as many calls under way as one may have: looked at again when one of those ends. */
  readonly #parked = new LinkedList<WaitingFlow<Item>>()
  readonly #ages = new LinkedList<WaitingCall<Item>>()
  readonly #rounds = new Rounds<Item>()

  /** `at` tells which part of what a consumer is due it has in this process: of its weight, its guarantee and the most that it may hold. */
  constructor(rules: QueueRules, at: WhereOthersCall = { machine: undefined }) {
    this.#rules = rules
    this.#at = at
  }

  /** Goes by other rules from now on; calls that wait already keep their time. */
  follow(rules: QueueRules, places: Places): void {
    this.#rules = rules
    for (const flow of this.#known) {
      flow.weight = rules.weightOf(flow.consumer)
      flow.guarantee = rules.guaranteeOf(flow.consumer)
    }
    this.placesCame(places)
  }

  /** There are other places than before, or other parts of them: who had as many as one may have may be served again. */
  placesCame(places: Places): void {
    for (const flow of this.#known) {
      flow.part = this.#partOf(flow.consumer)
      if (flow.waiting > 0) this.#place(flow, places)
    }
  }

  /** Calls that wait. */
  get waiting(): number {
    return this.#waiting
  }

  /** Consumers that are remembered. */
  get consumers(): number {
    return this.#flows.size + (this.#lone === undefined ? 0 : 1)
  }

  /** Consumers with calls that wait or are under way. */
  get active(): number {
    return this.consumers - this.#idle
  }

  /** What the consumers with calls that wait or are under way want. */
  demands(places: Places): Pick<ConsumerDemand, 'consumers' | 'usable'> {
    const active = this.#known.filter((flow) => !flow.idle)
    return {
      consumers: active.map((flow) => [flow.consumer, flow.inFlight + flow.waiting, mostOfAll(flow, places)]),
      usable: sum(active.map((flow) => Math.min(flow.inFlight + flow.waiting, Math.max(flow.inFlight, mostOf(flow, places))))),
    }
  }

  /** The call that has waited longest. */
  get oldest(): WaitingCall<Item> | undefined {
    return this.#ages.first
  }

  /** What is known of the consumer; begins to know it. */
  flowOf(consumer: string): WaitingFlow<Item> {
    const lone = this.#lone
    if (lone?.consumer === consumer) return lone
    const known = this.#flows.size === 0 ? undefined : this.#flows.get(consumer)
    if (known !== undefined) return known
    if (this.#idle > idleKept + 2 * this.#keptIdle) this.#forgetIdle()
    const flow = new WaitingFlow<Item>(consumer, this.#rules.weightOf(consumer), this.#rules.guaranteeOf(consumer), this.#partOf(consumer))
    const replaces = lone?.idle === true && this.#waiting === 0
    if (replaces || lone === undefined) this.#lone = flow
    else this.#flows.set(consumer, flow)
    if (!replaces) this.#idle++
    return flow
  }

  /** Whether one more call of this consumer may begin, as far as its own calls go. */
  mayBegin(flow: WaitingFlow<Item>, places: Places): boolean {
    return flow.waiting === 0 && flow.inFlight < mostOf(flow, places)
  }

  /** Whether it is its own calls that keep it from one more. */
  hasItsMost(flow: WaitingFlow<Item>, places: Places): boolean {
    return flow.inFlight >= mostOf(flow, places)
  }

  /** A call of this consumer begins without having waited. */
  begin(flow: WaitingFlow<Item>): void {
    if (flow.idle) this.#idle--
    flow.inFlight++
  }

  /** A call that had begun ends. */
  end(flow: WaitingFlow<Item>, places: Places): void {
    flow.inFlight--
    if (flow.waiting > 0) this.#place(flow, places)
    else if (flow.idle) this.#becameIdle(flow)
  }

  /** Lets a call wait; undefined where there is no room for it. */
  add(flow: WaitingFlow<Item>, rank: CallRank, item: Item, now: number, places: Places): WaitingCall<Item> | undefined {
    const room = this.#rules.length - this.#waiting - (this.#at.machine?.waiting ?? 0)
    if (flow.waiting >= room * (flow.part.to - flow.part.from)) return undefined
    if (flow.idle) this.#idle--
    const call = new WaitingCall(item, flow, rank, now, now + this.#rules.patienceMs)
    flow.fifos[rank].add(call.inFifo)
    this.#ages.add(call.inAge)
    flow.waiting++
    this.#waiting++
    this.#place(flow, places)
    return call
  }

  /** The next call to begin, counted as under way from now on; undefined where none may. */
  take(places: Places): WaitingCall<Item> | undefined {
    for (;;) {
      const flow = this.#guaranteed.first ?? this.#rounds.first()
      if (flow === undefined) return undefined
      if (this.#mayServe(flow, places)) return this.#serve(flow, places)
      this.#place(flow, places)
    }
  }

  /** A waiting call leaves: its caller hung up. False where it had left already. */
  cancel(call: WaitingCall<Item>, places: Places): boolean {
    if (call.inAge.list === undefined) return false
    this.#leave(call)
    this.#settle(call.flow, places)
    return true
  }

  /** Takes out a call whose time is up, if there is one. */
  expire(now: number, places: Places): WaitingCall<Item> | undefined {
    const oldest = this.#ages.first
    if (oldest === undefined || oldest.deadline > now) return undefined
    this.cancel(oldest, places)
    return oldest
  }

  #partOf(consumer: string): Part {
    return this.#at.machine?.partOf(consumer) ?? wholePart
  }

  get #known(): readonly WaitingFlow<Item>[] {
    return [...this.#flows.values(), ...(this.#lone === undefined ? [] : [this.#lone])]
  }

  #mayServe(flow: WaitingFlow<Item>, places: Places): boolean {
    if (flow.node.list === this.#guaranteed) return flow.inFlight < guaranteed(flow, places)
    return flow.inFlight < mostOf(flow, places) && this.#rounds.mayServe(flow)
  }

  #serve(flow: WaitingFlow<Item>, places: Places): WaitingCall<Item> {
    const call = firstOf(flow.fifos) as WaitingCall<Item>
    this.#leave(call)
    flow.inFlight++
    this.#rounds.serve(flow)
    this.#settle(flow, places)
    return call
  }

  #leave(call: WaitingCall<Item>): void {
    call.flow.fifos[call.rank].remove(call.inFifo)
    this.#ages.remove(call.inAge)
    call.flow.waiting--
    this.#waiting--
  }

  /** After a call left: to the end of where the consumer belongs now, or out. */
  #settle(flow: WaitingFlow<Item>, places: Places): void {
    flow.node.list?.remove(flow.node)
    if (flow.waiting > 0) this.#place(flow, places)
    else if (flow.idle) this.#becameIdle(flow)
  }

  /** While nobody waits, nobody is kept from anything: what it has had does not matter. */
  #becameIdle(flow: WaitingFlow<Item>): void {
    if (this.#waiting > 0 || flow === this.#lone) this.#idle++
    else this.#flows.delete(flow.consumer)
  }

  /** Puts a consumer that has calls waiting where it belongs now; it keeps its turn where that is where it is. */
  #place(flow: WaitingFlow<Item>, places: Places): void {
    const list = this.#listFor(flow, places)
    if (flow.node.list !== list) list.add(flow.node)
  }

  #listFor(flow: WaitingFlow<Item>, places: Places): LinkedList<WaitingFlow<Item>> {
    if (flow.inFlight < guaranteed(flow, places)) return this.#guaranteed
    if (flow.inFlight >= mostOf(flow, places)) return this.#parked
    return this.#rounds.listFor(flow, flow.rank)
  }

  /** Whoever is idle and has had of this round is remembered until it is over, so that nobody gains by coming one call at a time. */
  #forgetIdle(): void {
    if (this.#waiting === 0) this.#rounds.turn()
    const kept = [...this.#flows].filter(([, flow]) => !flow.idle || this.#rounds.remembers(flow))
    this.#flows = new Map(kept)
    this.#keptIdle = kept.filter(([, flow]) => flow.idle).length
    this.#idle = this.#keptIdle + (this.#lone?.idle === true ? 1 : 0)
  }
}
