import type { Counter, Gauge, Histogram } from 'prom-client'

/** Reads a metric's present value, just before it is printed. */
export type Collect<M> = (metric: M) => void | Promise<void>

/** One scrape: the text, and the media type that says which format it is in. */
export interface MetricsPage {
  readonly contentType: string
  readonly body: string
}

/** A metric with its values, in a form that passes from process to process. */
export interface MetricSnapshot {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly values: readonly unknown[]
}

/**
 * Makes metrics and prints them. A name is given once, in base units (seconds, bytes); a counter's ends in `_total`.
 * Resolve a child with `.labels(…)` once and keep it: an increment of a kept child costs about 0.1 µs, an observation 0.2 µs.
 */
export interface Metrics {
  /** `collect` runs before each scrape, for what is cheaper to read then than to count as it happens. */
  counter<L extends string = never>(name: string, help: string, labelNames?: readonly L[], collect?: Collect<Counter<L>>): Counter<L>
  /** `collect` runs before each scrape. */
  gauge<L extends string = never>(name: string, help: string, labelNames?: readonly L[], collect?: Collect<Gauge<L>>): Gauge<L>
  /** Buckets are upper bounds in the metric's base unit, ascending, without +Inf. */
  histogram<L extends string = never>(name: string, help: string, labelNames: readonly L[], buckets: readonly number[]): Histogram<L>
  /** The page in the format the Accept header prefers: text 0.0.4 unless OpenMetrics is asked for. Scrapes at the same moment share one page. */
  text(accept?: string): Promise<MetricsPage>
  /** The values now, to be joined with those of other processes. */
  snapshot(): Promise<readonly MetricSnapshot[]>
}
