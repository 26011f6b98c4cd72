import { call } from '../../support/consumer.ts'
import { startWorkers } from '../../support/start-workers.ts'

test('a consumer’s first calls come all at once, to both workers: what is within its burst is not refused for want of an answer between processes', async () => {
  const here = await startWorkers({ settings: { checks: { throttle: { requestsPerSecond: 20, burst: 40 } } } })
  try {
    const statuses = await Promise.all(Array.from({ length: 16 }, async () => (await call(here)).status))
    expect(statuses).toEqual(Array(16).fill(200))
  } finally {
    await here.close()
  }
})
