import { X509Certificate } from 'node:crypto'
import { lockoutFanOutScene, timeOfShare } from '../support/lockout-fan-out-scene.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { type ClusterNode, startCluster } from '../support/start-cluster.ts'
import { metricOn } from '../support/start-world-process.ts'
import { shakeHands, type TlsConsumer } from '../support/tls-consumer.ts'
import { until } from '../support/until.ts'

whereInstalled('redis-server', (program) => {
  let redis: RedisServer
  let nodes: readonly ClusterNode[]
  beforeAll(async () => {
    redis = await startRedisServer(program)
    const settings = { checks: { throttle: { mode: 'observe' } } }
    nodes = await startCluster({ redisPorts: [redis.port, redis.port, redis.port], settings })
  })
  afterAll(async () => {
    for (const node of nodes) await node.close()
    await redis.close()
  })

  test('of 200 lockouts told to three nodes under load, 99 in 100 are in force on every node within a second, as the locked out see it; so are releases', async () => {
    const { effects, releases, served, failed } = await lockoutFanOutScene(nodes, { lockouts: 200, connections: 2, restMs: 20 })
    expect([effects.length, releases.length, failed]).toEqual([200, 200, 0])
    // There was a load to speak of: the sooner the lockouts are everywhere the less comes of it meanwhile.
    expect(served).toBeGreaterThan(5 * effects.length)
    expect(timeOfShare(effects, 0.99)).toBeLessThanOrEqual(1_000)
    expect(timeOfShare(releases, 0.99)).toBeLessThanOrEqual(1_000)
    const pages = await Promise.all(nodes.map((node) => node.page('/metrics')))
    await until('every change is acknowledged', async () => {
      const now = await Promise.all(nodes.map((node) => node.page('/metrics')))
      return now.reduce((sum, { body }) => sum + metricOn(body, 'ssp_lockout_everywhere_seconds_count'), 0) === 400
    })
    for (const { body } of pages) expect(metricOn(body, 'ssp_lockout_unacknowledged_total')).toBe(0)
  })

  test('a lockout that one node is told of cuts open sockets on every node, and refuses resumed sessions and new handshakes on every node', async () => {
    const idle: TlsConsumer[] = []
    for (const node of nodes) idle.push(await shakeHands(node))
    for (const one of idle) expect(await one.ask()).toMatchObject({ status: 200 })
    const tickets = idle.map(({ session }) => session as Buffer)
    expect(tickets.every((ticket) => ticket.length > 0)).toBe(true)
    const [near] = nodes as readonly [ClusterNode, ...ClusterNode[]]
    const certificate = new X509Certificate(near.certificates.consumer.certificatePem).fingerprint256.replaceAll(':', '').toLowerCase()
    const made = await near.control('POST', '/lockouts', { certificate, reason: 'key stolen' })
    expect(made.status).toBe(201)
    await Promise.all(idle.map(({ closed }) => closed))
    for (const [at, node] of nodes.entries()) {
      for (const options of [{ session: tickets[at] as Buffer }, {}]) {
        const again = await shakeHands(node, options)
        expect(await again.ask()).toMatchObject({ status: 403, rule: 'lockout' })
        again.socket.destroy()
      }
    }
    const { id } = made.body as { id: string }
    expect((await (nodes[2] as ClusterNode).control('DELETE', `/lockouts/${id}`)).status).toBe(200)
    for (const [at, node] of nodes.entries())
      await until('it is served again, on its old session', async () => {
        const again = await shakeHands(node, { session: tickets[at] as Buffer })
        const answer = await again.ask()
        again.socket.destroy()
        return answer?.status === 200
      })
  })
})
