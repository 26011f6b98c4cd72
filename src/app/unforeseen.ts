import type { Logger } from '../lib/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** Takes note of errors that reached nobody: counted, and logged with what is known of them. */
export function notingUnforeseen(metrics: Metrics, logger: Logger): (error: unknown) => void {
  const counter = metrics.counter('ssp_unforeseen_errors_total', 'Errors that nobody foresaw and no call was refused for.')
  return (error) => {
    counter.inc()
    logger.fatal({ error: error instanceof Error ? (error.stack ?? error.message) : 'something that is no error was thrown' }, 'unforeseen')
  }
}
