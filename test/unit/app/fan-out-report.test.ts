import { jest } from '@jest/globals'
import { fanOutReport } from '../../../src/app/fan-out-report.ts'
import type { Logger } from '../../../src/lib/logger.ts'
import { createMetrics } from '../../../src/metrics/metrics.ts'

beforeEach(() => jest.useFakeTimers())
afterEach(() => jest.useRealTimers())

test('of a flood of forged messages ten a minute are logged and the others as their number; all are counted', async () => {
  const said: object[] = []
  const metrics = createMetrics({ defaultMetrics: false })
  const report = fanOutReport(metrics, { error: (what: object) => said.push(what) } as unknown as Logger)
  const flood = (): void => {
    for (let nth = 0; nth < 1_000; nth++) report.refused('it is no lockout')
  }
  flood()
  expect(said).toEqual(Array(10).fill({ reason: 'it is no lockout' }))
  jest.advanceTimersByTime(60_000)
  expect(said.splice(0)).toHaveLength(11)
  flood()
  expect(said.splice(0)).toHaveLength(10)
  jest.advanceTimersByTime(60_000)
  expect(said.splice(0)).toEqual([{ number: 990 }])
  jest.advanceTimersByTime(600_000)
  expect(said).toEqual([])
  jest.useRealTimers()
  expect((await metrics.text('text/plain')).body).toMatch(/^ssp_lockout_refused_records_total 2000$/m)
})
