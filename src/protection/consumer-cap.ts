import type { GateRules } from './gate-rules.ts'
import { type CallWindow, HeavyShare } from './heavy-share.ts'
import type { Places } from './places.ts'
import type { WaitingFlow } from './waiting-flow.ts'

/**
 * How many of a provider's places one consumer may hold: all of them while it alone calls, and `mostOfOne` of them, or what is left over for one
 * that wants more, while others call too. O(1) a call.
 */
export class ConsumerCap {
  #rules: GateRules
  readonly #heavy: HeavyShare
  #lastConsumer: string | undefined
  #contestedUntil = Number.NEGATIVE_INFINITY

  constructor(rules: GateRules) {
    this.#rules = rules
    this.#heavy = new HeavyShare(rules.limit.initial * rules.mostOfOne)
  }

  /** Goes by other rules from now on; what was learned stays. */
  follow(rules: GateRules): void {
    this.#rules = rules
    this.#heavy.follow(rules.limit.initial * rules.mostOfOne)
  }

  /** A consumer calls. */
  called(consumer: string, now: number): void {
    if (consumer === this.#lastConsumer) return
    if (this.#lastConsumer !== undefined) this.#contestedUntil = now + this.#rules.contestedMs
    this.#lastConsumer = consumer
  }

  /** Of so many places, how many one consumer may hold now. */
  places(limit: number, now: number): Places {
    const share = this.#rules.mostOfOne
    if (now >= this.#contestedUntil || share === 1) return { limit, mostOfOne: limit, mostOfHeavy: limit }
    const mostOfOne = Math.max(1, Math.min(Math.floor(limit * share), this.#heavy.usual))
    return { limit, mostOfOne, mostOfHeavy: Math.min(mostOfOne, this.#heavy.most) }
  }

  /** A consumer wanted more than it may hold. */
  held(flow: WaitingFlow<unknown>, { limit, mostOfHeavy }: Places): void {
    if (mostOfHeavy < limit) this.#heavy.hold(flow)
  }

  /** A window of samples has closed, and so many consumers have calls waiting or under way. */
  closed(window: CallWindow, consumers: number): void {
    this.#heavy.closed(window, consumers)
  }
}
