import type { Metrics } from '../metrics/metrics.ts'
import type { DataSide } from './data-side.ts'

/** How the processes do that take calls, read at each scrape. */
export function workerGauges(metrics: Metrics, workers: () => DataSide['workers']): void {
  metrics.gauge('ssp_workers', 'Processes that take calls, and those that should and do not.', ['state'], (gauge) => {
    gauge.labels('ready').set(workers().ready)
    gauge.labels('missing').set(workers().missing)
  })
  let counted = 0
  metrics.counter('ssp_workers_lost_total', 'Workers that ended without being told to; each is replaced.', [], (counter) => {
    counter.inc(workers().lost - counted)
    counted = workers().lost
  })
}
