import { countsOf, mergedPage } from '../../../src/metrics/merged-page.ts'
import { createMetrics } from '../../../src/metrics/metrics.ts'

function processWith(calls: number, startedAt: number) {
  const metrics = createMetrics({ defaultMetrics: false })
  metrics.counter('x_calls_total', 'Calls.', ['how']).labels('well').inc(calls)
  metrics.gauge('process_start_time_seconds', 'Start.').set(startedAt)
  metrics.gauge('x_open', 'Open.').set(calls)
  const seconds = metrics.histogram('x_seconds', 'Time.', [], [1, 5])
  for (let nth = 0; nth < calls; nth++) seconds.observe(2)
  return metrics.snapshot()
}

test('counters and histograms are summed, the start is the earliest', async () => {
  const { contentType, body } = await mergedPage([await processWith(2, 50), await processWith(3, 40)])
  expect(contentType).toContain('version=0.0.4')
  expect(body).toContain('x_calls_total{how="well"} 5')
  expect(body).toContain('x_seconds_bucket{le="1"} 0')
  expect(body).toContain('x_seconds_bucket{le="5"} 5')
  expect(body).toContain('x_seconds_sum 10')
  expect(body).toContain('x_open 5')
  expect(body).toContain('process_start_time_seconds 40')
})

test('of a process that has ended its counts stay and its gauges go', async () => {
  const left = await countsOf([await processWith(2, 50), await countsOf([await processWith(1, 60)])])
  const { body } = await mergedPage([left, await processWith(4, 70)])
  expect(body).toContain('x_calls_total{how="well"} 7')
  expect(body).toContain('x_seconds_count 7')
  expect(body).toContain('x_open 4')
})

test('OpenMetrics names the counter without its ending and ends with EOF', async () => {
  const { contentType, body } = await mergedPage([await processWith(1, 1)], 'application/openmetrics-text')
  expect(contentType).toContain('application/openmetrics-text')
  expect(body).toContain('# TYPE x_calls counter')
  expect(body).toContain('x_calls_total{how="well"} 1')
  expect(body.trimEnd().endsWith('# EOF')).toBe(true)
})
