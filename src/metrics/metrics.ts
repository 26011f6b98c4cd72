import { Counter, Gauge, Histogram, type Metric, Registry } from 'prom-client'
import { expositionOf } from './exposition.ts'
import type { Collect, MetricSnapshot, Metrics } from './metric-set.ts'
import { addProcessMetrics } from './process-metrics.ts'

export type { Collect, MetricSnapshot, Metrics, MetricsPage } from './metric-set.ts'

/** An empty set of metrics of its own, with the process's and Node's metrics in it unless told otherwise. Throws on a name that is taken or ill-formed. */
export function createMetrics({ defaultMetrics = true }: { readonly defaultMetrics?: boolean } = {}): Metrics {
  const plain = new Registry(Registry.PROMETHEUS_CONTENT_TYPE)
  const open = new Registry(Registry.OPENMETRICS_CONTENT_TYPE)
  const rendering = new Map<Registry, Promise<string>>()

  // Printing OpenMetrics takes `_total` off the counter's own name for good, so that registry gets an heir of the metric, not the metric.
  function register(metric: object): void {
    open.registerMetric(Object.create(metric) as Metric)
  }

  function render(registry: Registry): Promise<string> {
    const running = rendering.get(registry)
    if (running !== undefined) return running
    const page = registry.metrics().finally(() => rendering.delete(registry))
    rendering.set(registry, page)
    return page
  }

  const metrics: Metrics = {
    counter<L extends string>(name: string, help: string, labelNames: readonly L[] = [], collect?: Collect<Counter<L>>) {
      if (!name.endsWith('_total')) throw new Error(`The counter ${name} must be named …_total.`)
      const counter: Counter<L> = new Counter({
        name,
        help,
        labelNames,
        registers: [plain],
        ...(collect && { collect: () => collect(counter) }),
      })
      register(counter)
      return counter
    },
    gauge<L extends string>(name: string, help: string, labelNames: readonly L[] = [], collect?: Collect<Gauge<L>>) {
      const gauge: Gauge<L> = new Gauge({ name, help, labelNames, registers: [plain], ...(collect && { collect: () => collect(gauge) }) })
      register(gauge)
      return gauge
    },
    histogram<L extends string>(name: string, help: string, labelNames: readonly L[], buckets: readonly number[]) {
      const histogram: Histogram<L> = new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [plain] })
      register(histogram)
      return histogram
    },
    async text(accept) {
      const registry = expositionOf(accept) === 'openmetrics' ? open : plain
      return { contentType: registry.contentType, body: await render(registry) }
    },
    snapshot: async () => (await plain.getMetricsAsJSON()) as unknown as readonly MetricSnapshot[],
  }
  if (defaultMetrics) addProcessMetrics(metrics)
  return metrics
}
