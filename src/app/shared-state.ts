import { randomUUID } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { TlsClientPem } from '../lib/tls-client-settings.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { type Allowances, createAllowances } from '../protection/allowances.ts'
import { createLeasing } from '../protection/leasing.ts'
import type { PartyQuotas } from '../protection/party-quotas.ts'
import type { SharedBuckets } from '../protection/shared-buckets.ts'
import { openRedisBuckets } from '../state/redis-buckets.ts'
import { openRedisConnection, type RedisConnection } from '../state/redis-connection.ts'
import type { RedisSettings } from '../state/state-settings.ts'
import type { LoadedConfig } from './load-config.ts'
import { readTlsClient } from './read-tls-client.ts'
import { StartRefused } from './start-refused.ts'

/** What this proxy shares with others. */
export interface SharedState {
  /** Undefined where it is alone. */
  readonly redis: RedisConnection | undefined
  /** What of the limits is taken: of this proxy's own, or of those that all share. */
  readonly allowances: Allowances
  /** Why it has to go on by itself although it should not; undefined where it need not. */
  readonly degraded: string | undefined
  close(): Promise<void>
}

/** What the workers of a machine share. */
export interface MachineLimits {
  /** From where rates are leased where there is no Redis. */
  readonly buckets: SharedBuckets
  /** Calls at once and bytes, lent by one worker to another, where so many nodes share limits in all. */
  quotas(nodes: () => number): PartyQuotas
}

/** Whose limits a process takes from where there is no Redis: its own, those of its machine, or nobody's as it takes no calls. */
export type LimitsOf = 'itself' | 'nobody' | MachineLimits

/** Begins to connect to what the settings name; calls are taken without it. Throws `StartRefused` where a file of its TLS cannot be read. */
export function openSharedState(
  { config, baseDir }: LoadedConfig,
  { metrics, logger, clock }: { readonly metrics: Metrics; readonly logger: Logger; readonly clock: Clock },
  limitsOf: LimitsOf = 'itself',
): SharedState {
  const redis =
    config.state.kind === 'memory'
      ? undefined
      : openRedisConnection(config.state.redis, {
          tls: tlsFiles(config.state.redis, baseDir, logger),
          clock,
          changed: (health) => {
            if (health.ok) logger.info('the shared state is within reach')
            else logger.error({ reason: health.why }, 'the shared state is out of reach: limits go on with the last shares')
          },
        })
  const { allowances, failure, end } = allowancesOn(redis, limitsOf, clock)
  const shared: SharedState = {
    redis,
    allowances,
    get degraded() {
      if (redis === undefined) return undefined
      if (redis.health.ok) return failure() && `Redis answers, and does not do what it is asked: ${failure()}`
      return `Redis is out of reach since ${new Date(redis.health.since).toISOString()}: ${redis.health.why}`
    },
    async close() {
      await end()
      await redis?.close()
    },
  }
  metrics.gauge(
    'ssp_shared_state_degraded',
    '1 while Redis is out of reach, or does not do what is asked for limits, and this proxy goes on with its share of them.',
    [],
    (gauge) => gauge.set(shared.degraded === undefined ? 0 : 1),
  )
  metrics.gauge('ssp_throttle_parties', 'Parties remembered by limits, over all dimensions.', [], (gauge) => gauge.set(allowances.parties))
  let counted = 0
  metrics.counter('ssp_shared_state_operations_total', 'Commands sent to Redis.', [], (counter) => {
    const operations = redis?.operations ?? 0
    counter.inc(operations - counted)
    counted = operations
  })
  return shared
}

/** How often quiet parties' leases are looked at. */
const tickMs = 1_000

function allowancesOn(
  redis: RedisConnection | undefined,
  limitsOf: LimitsOf,
  clock: Clock,
): { readonly allowances: Allowances; failure(): string | undefined; end(): Promise<void> } {
  if (limitsOf === 'nobody' || (redis === undefined && limitsOf === 'itself'))
    return { allowances: createAllowances(clock.elapsed), failure: () => undefined, end: async () => undefined }
  // A process counts as a new node at each start: its share is what others have left.
  const inRedis = redis === undefined ? undefined : openRedisBuckets(redis, randomUUID())
  const machine = limitsOf === 'itself' ? undefined : limitsOf
  const shared = inRedis ?? (machine?.buckets as SharedBuckets)
  const leasing = createLeasing(shared, clock.elapsed)
  const timer = setInterval(leasing.tick, tickMs)
  timer.unref()
  return {
    allowances: createAllowances(
      clock.elapsed,
      leasing,
      undefined,
      machine?.quotas(() => shared.nodes),
    ),
    failure: () => inRedis?.failure,
    async end() {
      clearInterval(timer)
      await inRedis?.close()
    },
  }
}

/** Reads the files now, and again at each connection: where they cannot be read then, the last ones count. */
function tlsFiles({ tls }: RedisSettings, baseDir: string, logger: Logger): () => TlsClientPem | undefined {
  if (tls === undefined) return () => undefined
  const readAll = (): TlsClientPem => readTlsClient(tls, baseDir)
  let last: TlsClientPem
  try {
    last = readAll()
  } catch (error) {
    throw new StartRefused(`state.redis.tls: ${(error as Error).message}`)
  }
  return () => {
    try {
      last = readAll()
    } catch (error) {
      logger.error({ reason: (error as Error).message }, 'files of state.redis.tls cannot be read: the last ones are used')
    }
    return last
  }
}
