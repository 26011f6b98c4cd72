import { Registry } from 'prom-client'
import { expositionOf } from './exposition.ts'
import type { MetricSnapshot, MetricsPage } from './metric-set.ts'

/** Gauges of which the processes of a machine do not each have their part: how one value is made of theirs. All others are summed. */
const rules: Readonly<Record<string, 'min' | 'max' | 'average'>> = {
  process_start_time_seconds: 'min',
  nodejs_version_info: 'max',
  nodejs_eventloop_lag_seconds: 'max',
  nodejs_eventloop_utilization_ratio: 'average',
  ssp_certificate_expiry_timestamp_seconds: 'min',
  ssp_shared_state_degraded: 'max',
}

/** The page of several processes together: counters and histograms summed, gauges as each is meant. */
export async function mergedPage(processes: readonly (readonly MetricSnapshot[])[], accept?: string): Promise<MetricsPage> {
  const type = expositionOf(accept) === 'openmetrics' ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE
  const registry = merged(processes, type)
  return { contentType: registry.contentType, body: await registry.metrics() }
}

/** What is left of processes that have ended: their counts, so that the sum never falls. */
export async function countsOf(processes: readonly (readonly MetricSnapshot[])[]): Promise<readonly MetricSnapshot[]> {
  const counts = processes.map((metrics) => metrics.filter(({ type }) => type === 'counter' || type === 'histogram'))
  return (await merged(counts, Registry.PROMETHEUS_CONTENT_TYPE).getMetricsAsJSON()) as unknown as readonly MetricSnapshot[]
}

function merged(processes: readonly (readonly MetricSnapshot[])[], type: string): Registry {
  // In OpenMetrics a counter's name lacks the ending, which its lines get when they are printed.
  const nameOf = (metric: MetricSnapshot): string =>
    type === Registry.OPENMETRICS_CONTENT_TYPE && metric.type === 'counter' ? metric.name.replace(/_total$/, '') : metric.name
  const ruled = processes.map((metrics) =>
    metrics.map((metric) => ({ ...metric, name: nameOf(metric), aggregator: rules[metric.name] ?? 'sum' })),
  )
  // The library's types leave out the second parameter.
  const aggregate = Registry.aggregate as unknown as (metrics: unknown, type: string) => Registry
  return aggregate.call(Registry, ruled, type)
}
