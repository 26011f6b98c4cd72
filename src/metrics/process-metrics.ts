import { readdir } from 'node:fs/promises'
import { constants, monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks'
import { getHeapSpaceStatistics } from 'node:v8'
import type { Metrics } from './metric-set.ts'

const gcKinds = new Map([
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
])

/**
 * Adds what Prometheus expects of any process and of Node: CPU, memory, descriptors, event loop, garbage collection.
 * Written here because five of the client's own default metrics bear names that `promtool check metrics` objects to, and its
 * garbage-collection metric counts only the first of the entries it is given.
 */
export function addProcessMetrics(metrics: Metrics): void {
  addProcess(metrics)
  addHeap(metrics)
  addEventLoop(metrics)
  addGarbageCollection(metrics)
}

function addProcess(metrics: Metrics): void {
  const startedAt = (Date.now() - performance.now()) / 1000
  let counted = 0
  metrics.counter('process_cpu_seconds_total', 'CPU time spent, user and system together.', [], (counter) => {
    const { user, system } = process.cpuUsage()
    counter.inc((user + system - counted) / 1e6)
    counted = user + system
  })
  metrics.gauge('process_start_time_seconds', 'When the process started, in seconds since 1970.', []).set(startedAt)
  metrics.gauge('process_resident_memory_bytes', 'Memory held in RAM.', [], (gauge) => gauge.set(process.memoryUsage.rss()))
  addOpenDescriptors(metrics)
  metrics
    .gauge('nodejs_version_info', 'The version of Node, as a label of the constant 1.', ['version'])
    .set({ version: process.version }, 1)
  metrics.gauge('nodejs_active_resources', 'What keeps the event loop alive, by type.', ['type'], (gauge) => {
    gauge.reset()
    for (const type of process.getActiveResourcesInfo()) gauge.inc({ type })
  })
}

function addOpenDescriptors(metrics: Metrics): void {
  if (process.platform !== 'linux') return
  metrics.gauge('process_open_fds', 'File descriptors open.', [], async (gauge) => {
    const descriptors = await readdir('/proc/self/fd').catch(() => undefined)
    if (descriptors !== undefined) gauge.set(descriptors.length)
  })
}

function addHeap(metrics: Metrics): void {
  metrics.gauge('nodejs_heap_size_bytes', 'Size of the JavaScript heap.', [], (gauge) => gauge.set(process.memoryUsage().heapTotal))
  metrics.gauge('nodejs_heap_used_bytes', 'Used part of the JavaScript heap.', [], (gauge) => gauge.set(process.memoryUsage().heapUsed))
  metrics.gauge('nodejs_external_memory_bytes', 'Memory of buffers and other objects outside the heap.', [], (gauge) =>
    gauge.set(process.memoryUsage().external),
  )
  metrics.gauge('nodejs_heap_space_used_bytes', 'Used part of each space of the heap.', ['space'], (gauge) => {
    for (const space of getHeapSpaceStatistics()) gauge.set({ space: space.space_name.replace(/_space$/, '') }, space.space_used_size)
  })
}

function addEventLoop(metrics: Metrics): void {
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  metrics.gauge('nodejs_eventloop_lag_seconds', 'Delay of the event loop since the scrape before.', ['statistic'], (gauge) => {
    const quantiles = { p50: delay.percentile(50), p90: delay.percentile(90), p99: delay.percentile(99), max: delay.max }
    // Without a sample yet, Node reports the bounds of its histogram or NaN.
    for (const [statistic, nanoseconds] of Object.entries(quantiles)) gauge.set({ statistic }, delay.count === 0 ? 0 : nanoseconds / 1e9)
    delay.reset()
  })
  let before = performance.eventLoopUtilization()
  metrics.gauge('nodejs_eventloop_utilization_ratio', 'Busy share of the event loop since the scrape before, 0 to 1.', [], (gauge) => {
    const now = performance.eventLoopUtilization()
    gauge.set(performance.eventLoopUtilization(now, before).utilization)
    before = now
  })
}

function addGarbageCollection(metrics: Metrics): void {
  const durations = metrics.histogram(
    'nodejs_gc_duration_seconds',
    'Pauses of the garbage collector, by kind.',
    ['kind'],
    [0.001, 0.005, 0.01, 0.05, 0.1, 1],
  )
  const children = new Map([...gcKinds].map(([kind, name]) => [kind, durations.labels(name)]))
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      const kind = (entry as { readonly detail?: { readonly kind?: number } }).detail?.kind
      if (kind !== undefined) children.get(kind)?.observe(entry.duration / 1000)
    }
  })
  observer.observe({ entryTypes: ['gc'] })
}
