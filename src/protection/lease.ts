import { conforms, type Rate } from './party-limit.ts'

/**
 * How a node leases a party's requests from the bucket that all nodes share, so that no request waits for it. Pure; times are monotonic ms.
 *
 * What is leased are cells of the generic cell rate algorithm: each has the time from which it conforms, and a node may use it from then on.
 * So the nodes together pass exactly what one bucket would, however uneven their load. Besides, a node may pass requests on credit where it
 * has no cell; they are taken out of the bucket afterwards, and there is no more credit until the bucket has made up for them.
 */
export interface Lease {
  /** Cells from `start` on, one each `interval`. */
  cells: { start: number; readonly interval: number; left: number }[]
  /** Passed on credit and not yet told. */
  debt: number
  /** When there is credit again. */
  creditFrom: number
  /** Requests since the last asking, let through or not. */
  offered: number
  askedAt: number
  usedAt: number
  asking: boolean
  /** It went on without the bucket: what it knows then counts against an older bucket. */
  alone: boolean
}

/** What is asked of the shared bucket. Times in ms. */
export interface LeaseAsk {
  readonly interval: number
  readonly tolerance: number
  /** Passed on credit since the last asking. */
  readonly debt: number
  /** Leased cells that are given back. */
  readonly returned: number
  /** Cells that the node's own demand needs. */
  readonly want: number
  /** Leased cells that the node still has. */
  readonly left: number
  /** A node is given its part of what is there at once besides: one of so many; 0 where its demand alone counts. */
  readonly among: number
  /** How far ahead of their time cells are given. */
  readonly horizon: number
  /** How far ahead of now the bucket is as far as the node knows: for a bucket that has been lost. */
  readonly known: number
  /** What the node knows counts even where the bucket was not lost. */
  readonly insist: boolean
  /** No bucket of this limit is further ahead of now: what says so is of another limit or clock, and is taken for this. */
  readonly furthest: number
}

/** What it grants. Times in ms from the answer on. */
export interface LeaseGrant {
  readonly granted: number
  /** When the first cell granted conforms; negative where it long does. */
  readonly first: number
  /** How far ahead of now the bucket is. */
  readonly ahead: number
}

/** From here on a limit is leased by batches, below by the second. */
const batchedFrom = 100
/** One operation for at least 20 requests, with some to spare. */
const batch = 24
/** Demand of this long is leased at a time. */
const batchMs = 250
/** Of a burst no more is concluded: in a moment it may be over, and other nodes have theirs. */
const shortestDemandMs = 100
const smallMs = 1_000
/** No cells are given further ahead: what one node holds in advance, others wait for. */
const batchHorizonMs = 250
const smallHorizonMs = 1_250
/** A refused node does not ask more often than once for so many requests, or in so long a time. */
const offeredBetween = 20
const batchedAgainMs = 2_000
/** A party comes to few of many nodes: what is there at once is divided among no more than so many, and whoever needs none gives it back. */
const fewNodes = 8
/** Unused for so long, cells are given back. */
const idleMs = 2_000
/** Of a large limit, the share that may be passed on credit by all nodes together. */
const creditShare = 0.03

/** A lease that holds nothing yet. */
export function newLease(): Lease {
  return {
    cells: [],
    debt: 0,
    creditFrom: 0,
    offered: 0,
    askedAt: Number.NEGATIVE_INFINITY,
    usedAt: 0,
    asking: false,
    alone: false,
  }
}

/** Cells in hand, those of later included. */
export function leftOf({ cells }: Lease): number {
  let left = 0
  for (const one of cells) left += one.left
  return left
}

/** Whether a request may pass now: on a cell, or on credit. */
export function mayUse(lease: Lease, rate: Rate, nodes: number, now: number): boolean {
  return firstCell(lease, now) !== undefined || hasCredit(lease, rate, nodes, now)
}

/** Uses what `mayUse` found. */
export function useLease(lease: Lease, now: number): void {
  lease.usedAt = now
  const cell = firstCell(lease, now)
  if (cell === undefined) {
    lease.debt++
    return
  }
  cell.start += cell.interval
  cell.left--
  if (cell.left === 0) lease.cells = lease.cells.filter((one) => one !== cell)
}

/** Whether the answer that is on its way may bring what a request lacks: the bucket has something at once, as far as is known. */
export function mayHope({ asking, creditFrom }: Lease, now: number): boolean {
  return asking && now >= creditFrom
}

function firstCell({ cells }: Lease, now: number): Lease['cells'][number] | undefined {
  return cells.find(({ start }) => start <= now + 1e-6)
}

/**
 * One request on credit; for a large limit a few, so that a first burst does not wait for the first answer. A node that shares with nobody knows
 * the whole bucket once it has been told of it, but for what it has not told itself: it gives what that has.
 */
function hasCredit({ debt, creditFrom }: Lease, rate: Rate, nodes: number, now: number): boolean {
  if (nodes === 1 && creditFrom !== 0)
    return conforms(rate, Math.max(creditFrom + rate.tolerance - rate.interval, now) + debt * rate.interval, now)
  if (now < creditFrom) return false
  if (rate.perSecond < batchedFrom) return debt === 0
  return debt < Math.max(1, Math.floor((Math.min(rate.burst, rate.perSecond) * creditShare) / nodes))
}

/** What to ask now, or undefined where nothing is to be asked. Called after each request; the lease is taken to be asking from then on. */
export function nextAsk(lease: Lease, rate: Rate, nodes: number, due: number, now: number): LeaseAsk | undefined {
  if (lease.asking) return undefined
  const batched = rate.perSecond >= batchedFrom
  const since = now - lease.askedAt
  if (batched ? lease.offered < offeredBetween && since < batchedAgainMs : since < smallMs) return undefined
  const left = leftOf(lease)
  const perMs = Number.isFinite(since) ? lease.offered / Math.max(since, shortestDemandMs) : 0
  const low = batched ? Math.max(2, Math.ceil(perMs * 40)) : Math.ceil(perMs * 250)
  if (left > low && lease.debt === 0) return undefined
  const want = batched ? Math.max(batch, Math.ceil(perMs * batchMs)) : Math.max(1, Math.ceil(perMs * 1.25 * smallMs) + 1)
  return ask(lease, rate, { want: Math.max(1, want - left), left, among: batched ? 0 : Math.min(nodes, fewNodes), nodes, due, now })
}

/** Gives back what a party that has gone quiet leaves unused, and tells of its debt; undefined where there is neither. */
export function idleAsk(lease: Lease, rate: Rate, nodes: number, due: number, now: number): LeaseAsk | undefined {
  if (lease.asking || now - lease.usedAt < idleMs || now - lease.askedAt < smallMs) return undefined
  const returned = leftOf(lease)
  if (returned === 0 && lease.debt === 0) return undefined
  const asked = ask(lease, rate, { want: 0, left: 0, among: 0, nodes, due, now })
  // The next request may ask at once: what it finds is nothing, and over two quiet seconds these two operations are still one a second.
  lease.askedAt = Number.NEGATIVE_INFINITY
  lease.cells = []
  return { ...asked, returned }
}

function ask(
  lease: Lease,
  rate: Rate,
  { want, left, among, nodes, due, now }: { want: number; left: number; among: number; nodes: number; due: number; now: number },
): LeaseAsk {
  lease.asking = true
  lease.askedAt = now
  lease.offered = 0
  return {
    interval: rate.interval,
    tolerance: rate.tolerance,
    debt: lease.debt,
    returned: 0,
    want,
    left,
    among,
    horizon: horizonOf(rate),
    known: Math.max(0, due - now),
    insist: lease.alone,
    furthest: furthestOf(rate, nodes),
  }
}

function horizonOf({ perSecond }: Rate): number {
  return perSecond >= batchedFrom ? batchHorizonMs : smallHorizonMs
}

/**
 * How far ahead of now a bucket that so many nodes share can be: what is given ahead of time; of each node a request on credit and one of its own share; and
 * the bursts of two that do not know of the others yet. What goes beyond is not owed, and what does not must be made up for: so rather too far.
 */
export function furthestOf(rate: Rate, nodes: number): number {
  return 3 * rate.tolerance + horizonOf(rate) + 2 * (nodes + 1) * rate.interval
}

/** Takes in what was granted at `now`; gives back the bucket's theoretical arrival time. */
export function takeGrant(lease: Lease, asked: LeaseAsk, { granted, first, ahead }: LeaseGrant, now: number): number {
  lease.asking = false
  lease.alone = false
  // What was gone on with alone meanwhile is no debt any more: it is part of what is known.
  lease.debt = Math.max(0, lease.debt - asked.debt)
  lease.creditFrom = now + ahead + asked.interval - asked.tolerance
  // What was passed on credit while the answer was on its way is paid with what it brought.
  const paid = Math.min(lease.debt, granted)
  lease.debt -= paid
  if (granted > paid) lease.cells.push({ start: now + first + paid * asked.interval, interval: asked.interval, left: granted - paid })
  return now + ahead
}

/** Nobody answered: debts are told again, what was to be given back is lost, and nothing is overdrawn. */
export function takeNoGrant(lease: Lease): void {
  lease.asking = false
}
