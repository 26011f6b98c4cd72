import type { ConsumerDemand } from './consumer-demand.ts'
import type { GateRules } from './gate-rules.ts'
import { HeavyShare } from './heavy-share.ts'
import { allPlaces, type GatePlaces, type Places } from './places.ts'
import type { MachineLimit } from './provider-limit.ts'
import type { WaitingFlow } from './waiting-flow.ts'

/**
 * How many of a provider's places one consumer may hold: all of them while it alone calls, and `mostOfOne` of them, or what is left over for one
 * that wants more, while others call too. O(1) a call. It is a heavy share, and does not have one: of thousands of gates each is one object less to fetch.
 */
export class ConsumerCap extends HeavyShare {
  #rules: GateRules
  #lastConsumer: string | undefined
  /** Since it was last told somebody called, and somebody wanted more than it may hold. */
  #wasCalled = false
  #wasHeld = false
  #contestedUntil = Number.NEGATIVE_INFINITY

  constructor(rules: GateRules) {
    super(rules.limit.initial * rules.mostOfOne)
    this.#rules = rules
  }

  /** Goes by other rules from now on; what was learned stays. */
  followRules(rules: GateRules): void {
    this.#rules = rules
    this.follow(rules.limit.initial * rules.mostOfOne)
  }

  /** A consumer calls. */
  called(consumer: string, now: number): void {
    this.#wasCalled = true
    if (consumer === this.#lastConsumer) return
    if (this.#lastConsumer !== undefined) this.#contestedUntil = now + this.#rules.contestedMs
    this.#lastConsumer = consumer
  }

  /** Of this many places, which are those of the whole machine where that has several processes, how many one consumer may hold now. */
  places(here: number, machine: MachineLimit | undefined, now: number): GatePlaces {
    const limit = machine?.places ?? here
    const share = this.#rules.mostOfOne
    const contested = now < this.#contestedUntil || machine?.contested === true
    if (!contested || share === 1) return { here, limit, mostOfOne: allPlaces, mostOfHeavy: allPlaces }
    const most = Math.max(1, Math.floor(limit * share))
    // One call at least is a consumer's in each process: all may have as many, or who calls through several would be better off.
    const mostOfHeavy = Math.min(most, Math.max(this.most, machine?.spread ?? 1))
    return { here, limit, mostOfOne: Math.min(most, this.usual), mostOfHeavy }
  }

  /** A consumer wanted more than it may hold. */
  held(flow: WaitingFlow<unknown>, { limit, mostOfHeavy }: Places): void {
    if (mostOfHeavy >= limit) return
    this.#wasHeld = true
    this.hold(flow)
  }

  /** This is what consumers want; told with it are who called last, and whether anybody was held, since this was last asked. */
  takeDemand({ consumers, usable }: Pick<ConsumerDemand, 'consumers' | 'usable'>): ConsumerDemand {
    const [called, held] = [this.#wasCalled, this.#wasHeld || this.isHeld]
    this.#wasCalled = false
    this.#wasHeld = false
    const last = this.#lastConsumer
    const isTold = last === undefined || !called || consumers.some(([consumer]) => consumer === last)
    return { consumers: isTold ? consumers : [...consumers, [last, 0, 0]], usable, held }
  }
}
