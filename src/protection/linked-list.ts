/** An item's place in a list; kept by whoever wants to take it out. */
export interface ListNode<Item> {
  readonly item: Item
  list: LinkedList<Item> | undefined
  before: ListNode<Item> | undefined
  after: ListNode<Item> | undefined
}

/** An item that is in no list yet. */
export function listNode<Item>(item: Item): ListNode<Item> {
  return { item, list: undefined, before: undefined, after: undefined }
}

/** First in, first out, and anything out of the middle, each in constant time. */
export class LinkedList<Item> {
  #first: ListNode<Item> | undefined
  #last: ListNode<Item> | undefined

  /** The longest in it. */
  get first(): Item | undefined {
    return this.#first?.item
  }

  /** Adds at the end; a node that is in a list leaves it first. */
  add(node: ListNode<Item>): void {
    node.list?.remove(node)
    node.list = this
    node.before = this.#last
    if (this.#last === undefined) this.#first = node
    else this.#last.after = node
    this.#last = node
  }

  /** Takes out; does nothing where the node is not in this list. */
  remove(node: ListNode<Item>): void {
    if (node.list !== this) return
    if (node.before === undefined) this.#first = node.after
    else node.before.after = node.after
    if (node.after === undefined) this.#last = node.before
    else node.after.before = node.before
    node.list = undefined
    node.before = undefined
    node.after = undefined
  }
}
