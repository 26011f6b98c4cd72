import { call } from '../support/consumer.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { metricOn, startWorldProcess } from '../support/start-world-process.ts'
import { until } from '../support/until.ts'

whereInstalled('redis-server', (program) => {
  test('a shared state out of reach: calls go on at once, /readyz says degraded and why, and it mends by itself', async () => {
    const redis = await startRedisServer(program)
    await redis.stop()
    const state = { kind: 'redis', redis: { port: redis.port, commandTimeoutMs: 100 } }
    const here = await startWorldProcess({ settings: { state } })
    try {
      expect((await call(here)).status).toBe(200)
      await until('the reason is known', async () => (await here.page('/readyz')).body.includes('ECONNREFUSED'))
      const page = await here.page('/readyz')
      expect([page.status, page.body]).toEqual([200, expect.stringMatching(/\[~\]degraded: shared-state: Redis is out of reach since /)])
      const degraded = async () => {
        const { body } = await here.page('/metrics')
        return [metricOn(body, 'ssp_shared_state_degraded'), metricOn(body, 'ssp_lockouts_degraded')]
      }
      expect(await degraded()).toEqual([1, 1])
      await redis.start()
      await until('it is well again', async () => (await here.page('/readyz')).body === 'ok\n')
      expect(await degraded()).toEqual([0, 0])
      redis.pause()
      const began = performance.now()
      expect((await call(here)).status).toBe(200)
      expect(performance.now() - began).toBeLessThan(5_000)
      await until('it is missed', async () => (await here.page('/readyz')).body.includes('no answer within 100 ms'))
      redis.resume()
      await until('it is well once more', async () => (await here.page('/readyz')).body === 'ok\n')
    } finally {
      await here.close()
      await redis.close()
    }
  })
})
