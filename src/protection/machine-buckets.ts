import { LRUCache } from 'lru-cache'
import type { LeaseAsk, LeaseGrant } from './lease.ts'

/** Buckets from which the processes of one machine lease. */
export interface MachineBuckets {
  /** Leases of several buckets, in the order asked. */
  lease(asks: readonly (LeaseAsk & { readonly bucket: string })[]): readonly LeaseGrant[]
}

/** Buckets remembered; one that is forgotten is full again, but for what whoever asks knows of it. */
const most = 400_000

/** Makes them, full. The generic cell rate algorithm over each bucket's theoretical arrival time (ITU-T I.371), as the script for Redis has it; `now` is monotonic ms. */
export function createMachineBuckets(now: () => number, max = most): MachineBuckets {
  const dues = new LRUCache<string, number>({ max })

  function leaseOne(one: LeaseAsk & { readonly bucket: string }, at: number): LeaseGrant {
    const { bucket, interval, tolerance } = one
    const stored = dues.get(bucket)
    let due = stored ?? at + one.known
    if (one.insist) due = Math.max(due, at + one.known)
    due = Math.min(due, at + one.furthest)
    due = Math.max(due - one.returned * interval, at) + one.debt * interval
    const ahead = due - at
    const there = cells(tolerance - ahead, interval)
    const reach = cells(tolerance + one.horizon - ahead, interval)
    const want = one.among > 0 ? Math.max(one.want, Math.floor((there + one.left) / one.among) - one.left) : one.want
    const granted = Math.max(0, Math.min(want, reach))
    due += granted * interval
    if (due > at) dues.set(bucket, due)
    else dues.delete(bucket)
    return { granted, first: ahead + interval - tolerance, ahead: due - at }
  }

  return {
    lease(asks) {
      const at = now()
      return asks.map((one) => leaseOne(one, at))
    },
  }
}

/** Whole cells in so many milliseconds; what floating point loses is not a cell. */
function cells(milliseconds: number, interval: number): number {
  return Math.max(0, Math.floor(milliseconds / interval + 1e-6))
}
