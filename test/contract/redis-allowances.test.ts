import { readFileSync } from 'node:fs'
import { rateOf } from '../../src/protection/party-limit.ts'
import { type LimitNode, offer, sharingNodes, sum } from '../support/limit-nodes.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { allowancesConform, fresh } from './allowances.ts'

whereInstalled('redis-server', (program) => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await startRedisServer(program)
  })
  afterAll(() => redis.close())

  test('the rights that the documentation names for a user of its own are enough', async () => {
    const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')
    const rights = /A user of its own needs `([^`]+)`/.exec(page)?.[1]?.split(/\s+/) ?? []
    expect(await redis.cli('ACL', 'SETUSER', 'of-its-own', 'on', '>secret', 'reset', 'on', '>secret', ...rights)).toBe('OK')
    const [node] = await sharingNodes(1, { port: redis.port, username: 'of-its-own', password: 'secret', database: 1 })
    try {
      const want = fresh({ rate: rateOf(0.001, 1) })
      expect(node?.allowances.take([want], 0).taken).toBe(true)
      await until('the bucket is there', async () => (await redis.cli('-n', '1', '--raw', 'KEYS', '*')).includes(want.party))
      const heard: string[] = []
      node?.redis?.subscribe('ssp:x', (message) => heard.push(message))
      await until('a message is heard', async () => {
        await node?.redis?.send('PUBLISH', 'ssp:x', 'hello')
        return heard.length > 0
      })
      await until('the node is known', async () => (await redis.cli('-n', '1', 'ZCARD', 'ssp:nodes')) === '1')
      expect(await node?.redis?.send('FLUSHALL')).toMatchObject({ kind: 'failed' })
    } finally {
      await node?.close()
    }
    expect(await redis.cli('-n', '1', 'ZCARD', 'ssp:nodes')).toBe('0')
  })

  allowancesConform('Redis, with one node', () => sharingNodes(1, { port: redis.port, prefix: 'alone:' }))
  allowancesConform('Redis, with three nodes', () => sharingNodes(3, { port: redis.port }))

  describe('what leases cost', () => {
    let nodes: readonly LimitNode[] = []
    beforeEach(async () => {
      nodes = await sharingNodes(3, { port: redis.port })
    })
    afterEach(async () => {
      for (const node of nodes) await node.close()
    })
    const leases = () => sum(nodes.map((node) => node.leases()))

    test('a large limit: at most one operation for 20 requests, whether they pass or not, evenly or not', async () => {
      for (const perSecond of [
        [200, 200, 200],
        [560, 30, 10],
        [40, 40, 40],
      ]) {
        const want = fresh({ rate: rateOf(200, 100) })
        await offer(nodes, want, perSecond, 1)
        const before = leases()
        const { offered } = await offer(nodes, want, perSecond, 4)
        expect((leases() - before) * 20).toBeLessThanOrEqual(sum(offered) + 20 * nodes.length)
      }
    })

    test('a small limit: at most one operation a second for each node and party', async () => {
      const want = fresh({ rate: rateOf(20, 40) })
      const before = nodes.map((node) => node.leases())
      const { seconds } = await offer(nodes, want, [60, 20, 5], 4)
      const leased = nodes.map((node, at) => node.leases() - (before[at] ?? 0))
      expect(Math.max(...leased)).toBeLessThanOrEqual(Math.ceil(seconds) + 1)
    })

    test('several limits of the same calls are leased in one operation', async () => {
      const [node] = nodes as readonly [LimitNode]
      const wants = [
        fresh({ rate: rateOf(1_000, 100) }),
        fresh({ rate: rateOf(500, 100) }, 'organisation'),
        fresh({ rate: rateOf(300, 100) }, 'provider'),
      ]
      const before = node.leases()
      for (let i = 0; i < 5; i++) node.allowances.take(wants, 0)
      await new Promise((resolve) => setImmediate(resolve))
      expect(node.leases() - before).toBe(1)
    })
  })
})
