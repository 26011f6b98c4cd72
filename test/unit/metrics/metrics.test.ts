import { createMetrics } from '../../../src/metrics/metrics.ts'
import { runProgram, whereInstalled } from '../../support/outside-program.ts'

async function promtoolCheck(promtool: string, page: string): Promise<{ code: number | null; output: string }> {
  const { code, out, error } = await runProgram(promtool, ['check', 'metrics'], { input: page })
  return { code, output: out + error }
}

describe('metrics', () => {
  whereInstalled('promtool', (promtool) => {
    test('pass promtool check metrics without a word, Node’s own among them', async () => {
      const metrics = createMetrics()
      metrics.counter('ssp_exchanges_total', 'Exchanges.', ['origin']).inc({ origin: 'none' })
      metrics.gauge('ssp_open_exchanges', 'Open exchanges.').set(3)
      metrics.histogram('ssp_phase_duration_seconds', 'Phases.', ['phase'], [0.001, 0.01]).labels('checks').observe(0.002)
      const { body } = await metrics.text()
      expect(await promtoolCheck(promtool, body)).toEqual({ code: 0, output: '' })
      for (const name of [
        'process_cpu_seconds_total',
        'process_resident_memory_bytes',
        'process_start_time_seconds',
        'nodejs_eventloop_lag_seconds',
      ]) {
        expect(body).toMatch(new RegExp(`^${name}(\\{.*\\})? [0-9.e+-]+$`, 'm'))
      }
      expect(body).not.toMatch(/ nan$/im)
    })

    test('are really looked at by promtool: a gauge called _total does not pass', async () => {
      const metrics = createMetrics({ defaultMetrics: false })
      metrics.gauge('ssp_wrong_total', 'Wrong.')
      expect((await promtoolCheck(promtool, (await metrics.text()).body)).code).not.toBe(0)
    })
  })

  test('are text 0.0.4 by default and OpenMetrics where it is asked for', async () => {
    const metrics = createMetrics({ defaultMetrics: false })
    metrics.counter('ssp_calls_total', 'Calls.').inc(2)
    expect(await metrics.text()).toEqual({
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: '# HELP ssp_calls_total Calls.\n# TYPE ssp_calls_total counter\nssp_calls_total 2\n',
    })
    expect(await metrics.text('application/openmetrics-text; version=1.0.0')).toEqual({
      contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
      body: '# HELP ssp_calls Calls.\n# TYPE ssp_calls counter\nssp_calls_total 2\n# EOF\n',
    })
  })

  test('keep the names of their counters after an OpenMetrics scrape', async () => {
    const metrics = createMetrics({ defaultMetrics: false })
    const calls = metrics.counter('ssp_calls_total', 'Calls.', ['origin'])
    await metrics.text('application/openmetrics-text')
    calls.inc({ origin: 'none' })
    expect((await metrics.text()).body).toContain('ssp_calls_total{origin="none"} 1')
    expect((await metrics.text('application/openmetrics-text')).body).toContain('ssp_calls_total{origin="none"} 1')
  })

  test('read what they collect at the scrape, also asynchronously', async () => {
    const metrics = createMetrics({ defaultMetrics: false })
    let open = 1
    metrics.gauge('ssp_open', 'Open.', [], async (gauge) => {
      await Promise.resolve()
      gauge.set(open)
    })
    expect((await metrics.text()).body).toContain('ssp_open 1')
    open = 7
    expect((await metrics.text()).body).toContain('ssp_open 7')
  })

  test('are printed once for all who scrape at the same moment', async () => {
    const metrics = createMetrics({ defaultMetrics: false })
    let reads = 0
    metrics.gauge('ssp_reads', 'Reads.', [], (gauge) => gauge.set(++reads))
    const pages = await Promise.all(Array.from({ length: 50 }, () => metrics.text()))
    expect(new Set(pages.map(({ body }) => body)).size).toBe(1)
    expect(reads).toBe(1)
  })

  test('are refused a taken name, and a counter a name without _total', () => {
    const metrics = createMetrics({ defaultMetrics: false })
    metrics.gauge('ssp_open', 'Open.')
    expect(() => metrics.gauge('ssp_open', 'Open.')).toThrow(/already/)
    expect(() => metrics.counter('ssp_calls', 'Calls.')).toThrow(/_total/)
  })
})
