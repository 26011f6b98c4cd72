import type { LeaseAsk, LeaseGrant } from '../../src/protection/lease.ts'
import type { SharedBuckets } from '../../src/protection/shared-buckets.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { VirtualTime } from './virtual-time.ts'

/** A Redis as far as limits go: buckets, an operation at a time, and a network before it. */
export interface BucketStore {
  /** Operations so far, and buckets leased from in them. */
  readonly operations: number
  readonly asks: number
  /** The longest that an operation took, there and back, in ms. */
  readonly longestMs: number
  /** What one node sees of it. */
  seenBy(nodes: number): SharedBuckets
}

/** What its network and itself take, in ms: each way is log-normal about its mean. */
export const storeTimes = { wayMs: 0.35, spread: 0.8, operationMs: 0.015, bucketMs: 0.004 } as const

type Ask = LeaseAsk & { readonly bucket: string }

/** Makes one with full buckets. */
export function bucketStore(time: VirtualTime, random: SeededRandom): BucketStore {
  const buckets = new Map<string, number>()
  let freeAt = 0
  let operations = 0
  let asked = 0
  let longestMs = 0
  const way = (): number => random.logNormal(storeTimes.wayMs, storeTimes.spread)

  function lease(asks: readonly Ask[]): Promise<readonly LeaseGrant[]> {
    operations++
    asked += asks.length
    const sentAt = time.now
    const comes = sentAt + way()
    return new Promise((resolve) => {
      time.at(comes, () => {
        freeAt = Math.max(freeAt, time.now) + storeTimes.operationMs + asks.length * storeTimes.bucketMs
        time.at(freeAt, () => {
          const grants = asks.map((one) => granted(buckets, one, time.now))
          time.after(way(), () => {
            longestMs = Math.max(longestMs, time.now - sentAt)
            resolve(grants)
          })
        })
      })
    })
  }

  return {
    get operations() {
      return operations
    },
    get asks() {
      return asked
    },
    get longestMs() {
      return longestMs
    },
    seenBy: (nodes) => ({ reachable: true, nodes, lease }),
  }
}

/** What Redis' script does with one bucket, whose time is in ms here. A contract test holds the two together. */
export function granted(buckets: Map<string, number>, ask: Ask, now: number): LeaseGrant {
  const { bucket, interval, tolerance, horizon, known, insist } = ask
  const stored = buckets.get(bucket)
  let due = stored ?? now
  if (insist && known > 0) due = Math.max(due, now + known)
  else if (stored === undefined) due = now + known
  due = Math.min(due, now + ask.furthest)
  due = Math.max(due - ask.returned * interval, now) + ask.debt * interval
  const ahead = due - now
  const there = Math.max(0, Math.floor((tolerance - ahead) / interval + 1e-6))
  const reach = Math.max(0, Math.floor((tolerance + horizon - ahead) / interval + 1e-6))
  const want = ask.among > 0 ? Math.max(ask.want, Math.floor((there + ask.left) / ask.among) - ask.left) : ask.want
  const count = Math.min(want, reach)
  due += count * interval
  if (due > now) buckets.set(bucket, due)
  else buckets.delete(bucket)
  return { granted: count, first: ahead + interval - tolerance, ahead: due - now }
}
