import { LinkedList, type ListNode, listNode } from './linked-list.ts'
import { type Part, wholePart } from './part.ts'

/** The classes of calls, in the order in which a round serves them. */
export const callRanks = ['urgent', 'usual', 'bulk'] as const

/** A call's class, as its place in `callRanks`. */
export type CallRank = 0 | 1 | 2

/** One list for each class of calls. */
export type RankedLists<Item> = readonly [LinkedList<Item>, LinkedList<Item>, LinkedList<Item>]

/** Empty lists. */
export function rankedLists<Item>(): RankedLists<Item> {
  return [new LinkedList(), new LinkedList(), new LinkedList()]
}

/** The first of the most urgent class that has any. */
export function firstOf<Item>(lists: RankedLists<Item>): Item | undefined {
  return lists[0].first ?? lists[1].first ?? lists[2].first
}

/** A consumer with calls waiting or under way at one provider. Written by its queue alone. */
export class WaitingFlow<Item> {
  readonly consumer: string
  weight: number
  guarantee: number
  /** Of what it is due, the part that it has in this process. */
  part: Part
  inFlight = 0
  waiting = 0
  /** How many more calls may be served in `round`; what is left of one is kept for the next. */
  credit = 0
  round = -1
  /** It has wanted more than one consumer may have, and still does: others come first. */
  heavy = false
  /** It wanted more than it may have since that was last looked at. */
  held = false
  #fifos: RankedLists<WaitingCall<Item>> | undefined
  #node: ListNode<WaitingFlow<Item>> | undefined

  constructor(consumer: string, weight: number, guarantee: number, part: Part = wholePart) {
    this.consumer = consumer
    this.weight = weight
    this.guarantee = guarantee
    this.part = part
  }

  /** Its waiting calls by class; made when the first one waits, since most never do. */
  get fifos(): RankedLists<WaitingCall<Item>> {
    this.#fifos ??= rankedLists()
    return this.#fifos
  }

  /** Its place among the consumers that wait. */
  get node(): ListNode<WaitingFlow<Item>> {
    this.#node ??= listNode(this)
    return this.#node
  }

  /** Nothing waits and nothing is under way. */
  get idle(): boolean {
    return this.waiting === 0 && this.inFlight === 0
  }

  /** The class of its most urgent waiting call. */
  get rank(): CallRank {
    if (this.fifos[0].first !== undefined) return 0
    return this.fifos[1].first !== undefined ? 1 : 2
  }
}

/** A call that waits. */
export class WaitingCall<Item> {
  readonly item: Item
  readonly flow: WaitingFlow<Item>
  readonly rank: CallRank
  /** Monotonic ms at which it came, and from which on it is refused. */
  readonly since: number
  readonly deadline: number
  readonly inFifo: ListNode<WaitingCall<Item>> = listNode(this)
  readonly inAge: ListNode<WaitingCall<Item>> = listNode(this)

  constructor(item: Item, flow: WaitingFlow<Item>, rank: CallRank, since: number, deadline: number) {
    this.item = item
    this.flow = flow
    this.rank = rank
    this.since = since
    this.deadline = deadline
  }
}
