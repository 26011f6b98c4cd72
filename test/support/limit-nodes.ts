import { systemClock } from '../../src/lib/clock.ts'
import { type Allowances, createAllowances, type Taking, type Want } from '../../src/protection/allowances.ts'
import { createLeasing } from '../../src/protection/leasing.ts'
import { conforms } from '../../src/protection/party-limit.ts'
import { askedAsSharesArrive } from '../../src/protection/share-wait.ts'
import { openRedisBuckets } from '../../src/state/redis-buckets.ts'
import { openRedisConnection, type RedisConnection } from '../../src/state/redis-connection.ts'
import { type RedisSettings, redisSettings } from '../../src/state/state-settings.ts'
import { until } from './until.ts'

/** One proxy's limits, as a test sees them. */
export interface LimitNode {
  readonly allowances: Allowances
  /** Operations by which it leased so far; 0 where it shares with nobody. */
  readonly leases: () => number
  readonly redis?: RedisConnection
  close(): Promise<void>
}

/** Limits of a proxy that is alone. */
export function loneNode(): LimitNode {
  return { allowances: createAllowances(systemClock.elapsed), leases: () => 0, close: async () => undefined }
}

let nodes = 0

/** Limits of a proxy that shares them through Redis; resolves once that answers. */
export async function sharingNode(settings: Partial<RedisSettings>): Promise<LimitNode> {
  const redis = openRedisConnection(redisSettings.parse({ commandTimeoutMs: 1_000, connectTimeoutMs: 500, ...settings }), {
    tls: () => undefined,
    clock: systemClock,
    changed: () => undefined,
  })
  const buckets = openRedisBuckets(redis, `node ${nodes++}`)
  let leases = 0
  const counted = Object.create(buckets, {
    lease: {
      value: (asks: Parameters<typeof buckets.lease>[0]) => {
        leases++
        return buckets.lease(asks)
      },
    },
  }) as typeof buckets
  const leasing = createLeasing(counted, systemClock.elapsed)
  const timer = setInterval(leasing.tick, 1_000)
  await until('redis answers', () => redis.health.ok)
  return {
    allowances: createAllowances(systemClock.elapsed, leasing),
    leases: () => leases,
    redis,
    async close() {
      clearInterval(timer)
      await buckets.close()
      await redis.close()
    },
  }
}

/** Opens so many that share. */
export function sharingNodes(count: number, settings: Partial<RedisSettings>): Promise<readonly LimitNode[]> {
  return Promise.all(Array.from({ length: count }, () => sharingNode(settings)))
}

/** What came of a load. */
export interface Load {
  readonly passed: readonly number[]
  readonly offered: readonly number[]
  /** What one bucket, new at the beginning, would have passed of the same calls at the same times: however this process was held up. */
  readonly reference: number
  readonly seconds: number
  /** What 99 in 100 decisions took at most: one may have met a machine that did something else. */
  readonly most99Ms: number
}

/** Offers each node so many calls a second, evenly, for so long; each call is over at once. One whose share is on its way waits for it, as an exchange does. */
export async function offer(on: readonly LimitNode[], want: Want, perSecond: readonly number[], seconds: number): Promise<Load> {
  const passed = on.map(() => 0)
  const offered = on.map(() => 0)
  const took: number[] = []
  let reference = 0
  let spoken = 0
  const { rate } = want.limit
  const later: Promise<void>[] = []
  const counted = (at: number, taking: Taking): void => {
    if (!taking.taken) return
    taking.holding.release()
    passed[at] = (passed[at] ?? 0) + 1
  }
  const settlesOf = (one: Taking) => (one.taken ? undefined : one.settles)
  const began = performance.now()
  await until(
    'the load is over',
    () => {
      const now = (performance.now() - began) / 1000
      on.forEach(({ allowances }, at) => {
        const due = Math.floor(Math.min(now, seconds) * (perSecond[at] ?? 0))
        for (; (offered[at] ?? 0) < due; offered[at] = (offered[at] ?? 0) + 1) {
          const before = performance.now()
          if (rate === undefined || conforms(rate, spoken, before)) {
            reference++
            spoken = Math.max(spoken, before) + (rate?.interval ?? 0)
          }
          const taking = allowances.take([want], 0)
          took.push(performance.now() - before)
          if (taking.taken || taking.settles === undefined) counted(at, taking)
          else
            later.push(
              askedAsSharesArrive(taking, settlesOf, () => allowances.take([want], 0), systemClock.elapsed).then((end) => counted(at, end)),
            )
        }
      })
      return now >= seconds
    },
    { withinMs: seconds * 1000 + 5_000, everyMs: 2 },
  )
  await Promise.all(later)
  return {
    passed,
    offered,
    reference,
    seconds: (performance.now() - began) / 1000,
    most99Ms: took.toSorted((a, b) => a - b)[Math.ceil(took.length * 0.99) - 1] ?? 0,
  }
}

/** The sum of numbers. */
export function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0)
}
