import type { Logger } from '../lib/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { FanOutReport } from '../state/lockout-fan-out.ts'
import { boundedLog } from './bounded-log.ts'

/** The promise is a second at the 99th percentile, the aim a tenth of it. */
const everywhereBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 30, 300]

/** Whoever can write to Redis can bring about as many refusals as they please. */
const refusalsLogged = { most: 10, withinMs: 60_000 }

/** Measures and logs how lockouts reach the other nodes. */
export function fanOutReport(metrics: Metrics, logger: Logger): FanOutReport {
  const everywhere = metrics.histogram(
    'ssp_lockout_everywhere_seconds',
    'From when a change of lockouts was asked for on this node until every node had it in force, in each of its processes, and on disk.',
    [],
    everywhereBuckets,
  )
  const unacknowledged = metrics.counter(
    'ssp_lockout_unacknowledged_total',
    'Changes of lockouts that a node did not acknowledge within five seconds, once for each node.',
  )
  const refused = metrics.counter(
    'ssp_lockout_refused_records_total',
    'Records and messages about lockouts in Redis that no known key signed.',
  )
  const unwritten = metrics.counter(
    'ssp_lockout_unwritten_total',
    'Times that changes of other nodes could not be written to disk; they are in force.',
  )
  const logRefused = boundedLog<string>(refusalsLogged, {
    one: (reason) => logger.error({ reason }, 'something about lockouts in Redis does not count'),
    others: (number) => logger.error({ number }, 'more about lockouts in Redis does not count'),
  })
  return {
    everywhere: (seconds) => everywhere.observe(seconds),
    unacknowledged(nodes) {
      unacknowledged.inc(nodes.length)
      logger.error({ nodes }, 'a change of lockouts was not acknowledged by every node')
    },
    refused(why) {
      refused.inc()
      logRefused(why)
    },
    unwritten(error) {
      unwritten.inc()
      logger.error({ error: String(error) }, 'lockouts of other nodes are in force and could not be written to disk')
    },
  }
}
