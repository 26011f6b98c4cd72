import { call } from '../../support/consumer.ts'
import { findProgram, whereInstalled } from '../../support/outside-program.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { world } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'

whereInstalled('redis-server', () => {
  let redis: RedisServer
  let here: WorkersWorld
  beforeAll(async () => {
    redis = await startRedisServer(findProgram('redis-server') as string)
    const throttle = { requestsPerSecond: 1_000, burst: 1_000, concurrent: 10_000 }
    here = await startWorkers({ settings: { checks: { throttle }, state: { kind: 'redis', redis: { port: redis.port } } } })
  })
  afterAll(async () => {
    await here?.close()
    await redis?.close()
  })

  test('two workers of a node that shares its state pass calls, go by its lockouts, and say degraded while Redis is gone', async () => {
    const statuses: number[] = []
    for (let nth = 0; nth < 10; nth++) statuses.push((await call(here)).status)
    expect(statuses).toEqual(Array(10).fill(200))
    const made = await here.control('POST', '/lockouts', { asid: world.consumer.asid, reason: 'key stolen' })
    expect(made.status).toBe(201)
    const rules = [(await call(here)).verdict.rule, (await call(here)).verdict.rule]
    expect(rules).toEqual(['lockout', 'lockout'])
    await redis.stop()
    const verbose = await until('it is degraded', async () => {
      const { body } = await here.page('/readyz?verbose')
      return body.includes('worker w1: Redis is out of reach') && body.includes('worker w2: Redis is out of reach') && body
    })
    expect(verbose).toContain('shared-state: Redis is out of reach')
    expect((await call(here)).verdict.rule).toBe('lockout')
  })
})
