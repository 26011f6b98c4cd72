import type { LinkedList } from './linked-list.ts'
import { type CallRank, firstOf, rankedLists, type WaitingFlow } from './waiting-flow.ts'

/** A round that has served so many calls takes in no newcomers: those who wait for the next one are not kept from it. */
const longestRound = 256

/**
 * The rounds of a fair queue: deficit round robin over consumers (Shreedhar and Varghese, 1995) with a call as the unit. In a round each consumer has as many
 * calls served as its weight says (where that is less than one, one every few rounds), those with the more urgent call first; who has had its share waits for
 * the next round, so that urgency buys an earlier place in the round but no larger share. O(1) a step, amortised.
 */
export class Rounds<Item> {
  #round = 0
  #served = 0
  #now = rankedLists<WaitingFlow<Item>>()
  #next = rankedLists<WaitingFlow<Item>>()

  /** Whose turn it is; begins the next round where this one is over. Undefined where nobody waits. */
  first(): WaitingFlow<Item> | undefined {
    const first = firstOf(this.#now)
    if (first !== undefined || firstOf(this.#next) === undefined) return first
    this.turn()
    return firstOf(this.#now)
  }

  /** Whether it has a call left in the round that goes on, which it joins where it has not yet. */
  mayServe(flow: WaitingFlow<Item>): boolean {
    this.#join(flow)
    return flow.round === this.#round && flow.credit >= 1
  }

  /** Where a consumer waits for its turn; it joins the next round that takes it. */
  listFor(flow: WaitingFlow<Item>, rank: CallRank): LinkedList<WaitingFlow<Item>> {
    return (this.mayServe(flow) ? this.#now : this.#next)[rank]
  }

  /** A call of this consumer is served. */
  serve(flow: WaitingFlow<Item>): void {
    this.#join(flow)
    flow.credit--
    this.#served++
  }

  /** Whether what this consumer had still counts. */
  remembers({ round }: WaitingFlow<Item>): boolean {
    return round >= this.#round
  }

  /** The next round begins. */
  turn(): void {
    const over = this.#now
    this.#now = this.#next
    this.#next = over
    this.#round++
    this.#served = 0
  }

  /** A newcomer belongs to the round that goes on, where that is not too long already; who has had its share, to the next. What is less than a call is saved up. */
  #join(flow: WaitingFlow<Item>): void {
    if (flow.round > this.#round || (flow.round === this.#round && flow.credit >= 1)) return
    const saved = flow.credit > 0 && flow.credit < 1 ? flow.credit : 0
    flow.round = flow.round < this.#round && this.#served < longestRound ? this.#round : this.#round + 1
    flow.credit = saved + flow.weight * (flow.part.to - flow.part.from)
  }
}
