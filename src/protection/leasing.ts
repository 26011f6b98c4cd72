import {
  furthestOf,
  idleAsk,
  type LeaseAsk,
  type LeaseGrant,
  mayHope,
  mayUse,
  newLease,
  nextAsk,
  takeGrant,
  takeNoGrant,
  useLease,
} from './lease.ts'
import { conforms, type Rate } from './party-limit.ts'
import type { Party } from './party-table.ts'
import type { SharedBuckets } from './shared-buckets.ts'

/** Requests of parties, taken from a bucket: this node's own, or the one that all nodes share. */
export interface Bucketing {
  /** Whether one more request of the party conforms. */
  conforms(party: Party, rate: Rate, now: number): boolean
  take(party: Party, rate: Rate, now: number): void
  /** Told of each request after it was decided. */
  decided(dimension: string, party: Party, rate: Rate, now: number): void
  /** Resolves once an answer is here that may bring the party's next request what it lacks at `now`; undefined where none is on its way. Never rejects. */
  answer(party: Party, now: number): Promise<void> | undefined
  /** The request of which was told will be decided again. */
  undecided(party: Party): void
  /** Parts of what is not leased: each node has its share. */
  readonly nodes: number
}

/** A bucket in this process, exact. */
export const ownBuckets: Bucketing = {
  conforms(party, rate, now) {
    // No bucket is emptier than empty: one that a slower limit of before has emptied earns by the limit that is in force.
    party.due = Math.min(party.due, now + rate.tolerance)
    return conforms(rate, party.due, now)
  },
  take(party, rate, now) {
    party.due = Math.max(party.due, now) + rate.interval
  },
  decided: () => undefined,
  answer: () => undefined,
  undecided: () => undefined,
  nodes: 1,
}

interface Asking {
  readonly party: Party
  readonly ask: LeaseAsk & { readonly bucket: string }
}

interface Holder {
  readonly dimension: string
  readonly rate: Rate
}

/** Not more buckets in one operation: it must stay short, Redis does one thing at a time. */
const mostAtOnce = 100

/** Buckets that all nodes share, by leases; where they cannot be reached and the lease is used up, the node's own share of the limit. */
export function createLeasing(shared: SharedBuckets, now: () => number): Bucketing & { tick(): void } {
  const waiting: Asking[] = []
  /** Parties that hold something, to be looked at when they go quiet. */
  const holders = new Map<Party, Holder>()
  /** Whose answer somebody waits for. */
  const awaited = new Map<Party, PromiseWithResolvers<void>>()
  let under = false

  /** As if every other node passed as much as this one: together they stay within the limit. */
  function share(rate: Rate): Rate {
    const interval = rate.interval * shared.nodes
    return { ...rate, interval, tolerance: Math.max(rate.tolerance, interval) }
  }

  /** The theoretical arrival time that a node goes on from without the bucket: what it passed on credit and has not told counts. */
  function dueAlone({ due, lease }: Party, { interval }: Rate, at: number): number {
    return lease === undefined || lease.debt === 0 ? due : Math.max(due, at) + lease.debt * interval
  }

  function queue(dimension: string, party: Party, ask: LeaseAsk | undefined): void {
    if (ask === undefined) return
    waiting.push({ party, ask: { ...ask, bucket: `${dimension}:${party.key}` } })
    // Whatever else this request needs goes along.
    if (!under) {
      under = true
      queueMicrotask(() => void flush())
    }
  }

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const going = waiting.splice(0, mostAtOnce)
      const grants = await shared.lease(going.map(({ ask }) => ask))
      const at = now()
      going.forEach(({ party, ask }, index) => {
        takeAnswer(party, ask, grants?.[index], at)
        awaited.get(party)?.resolve()
        awaited.delete(party)
      })
    }
    under = false
  }

  function takeAnswer(party: Party, ask: LeaseAsk, grant: LeaseGrant | undefined, at: number): void {
    const { lease } = party
    if (lease === undefined) return
    if (grant === undefined) takeNoGrant(lease)
    else party.due = takeGrant(lease, ask, grant, at)
  }

  return {
    get nodes() {
      return shared.nodes
    },
    answer(party, at) {
      if (party.lease === undefined || !shared.reachable || !mayHope(party.lease, at)) return undefined
      const known = awaited.get(party)
      if (known !== undefined) return known.promise
      const one = Promise.withResolvers<void>()
      awaited.set(party, one)
      return one.promise
    },
    undecided({ lease }) {
      if (lease !== undefined) lease.offered--
    },
    conforms(party, rate, at) {
      party.lease ??= newLease()
      if (shared.reachable) return mayUse(party.lease, rate, shared.nodes, at)
      party.due = Math.min(party.due, at + furthestOf(rate, shared.nodes))
      return party.lease.cells.some(({ start }) => start <= at) || conforms(share(rate), dueAlone(party, rate, at), at)
    },
    take(party, rate, at) {
      const lease = party.lease ?? newLease()
      if (!shared.reachable && !lease.cells.some(({ start }) => start <= at)) {
        party.due = Math.max(dueAlone(party, rate, at), at) + share(rate).interval
        // From now on it is part of what is known, which counts even where the bucket was not lost.
        lease.debt = 0
        lease.alone = true
      } else useLease(lease, at)
    },
    decided(dimension, party, rate, at) {
      const { lease } = party
      if (lease === undefined) return
      lease.offered++
      if (!shared.reachable) return
      queue(dimension, party, nextAsk(lease, rate, shared.nodes, party.due, at))
      if (!holders.has(party)) holders.set(party, { dimension, rate })
    },
    /** Once a second: what quiet parties leave unused goes back. */
    tick() {
      if (!shared.reachable) return
      const at = now()
      for (const [party, { dimension, rate }] of holders) {
        const { lease } = party
        if (lease !== undefined) queue(dimension, party, idleAsk(lease, rate, shared.nodes, party.due, at))
        if (lease === undefined || (lease.cells.length === 0 && lease.debt === 0 && !lease.asking)) holders.delete(party)
      }
    },
  }
}
