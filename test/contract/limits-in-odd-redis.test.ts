import { rateOf } from '../../src/protection/party-limit.ts'
import { openRedisBuckets } from '../../src/state/redis-buckets.ts'
import { closedAfterEach } from '../support/closed-after-each.ts'
import { type LimitNode, offer, sharingNodes, sum } from '../support/limit-nodes.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { fresh } from './allowances.ts'

whereInstalled('redis-server', (program) => {
  const closing = closedAfterEach()

  async function two(): Promise<readonly [RedisServer, readonly LimitNode[]]> {
    const redis = await closing.kept(startRedisServer(program))
    const nodes = await sharingNodes(2, { port: redis.port })
    for (const node of nodes) closing.push(() => node.close())
    return [redis, nodes]
  }

  const farAhead = String((Date.now() + 86_400_000) * 1000)
  test.each([
    ['of a clock that was a day ahead', ['SET', farAhead]],
    ['of no time at all', ['SET', 'nan']],
    ['beyond all numbers', ['SET', 'inf']],
    ['of another type', ['RPUSH', 'x']],
  ])('a bucket %s keeps nobody out for long, and no other bucket from being leased', async (_what, [command = '', value = '']) => {
    const [redis, nodes] = await two()
    const want = fresh({ rate: rateOf(50, 50) })
    await redis.cli(command, `ssp:bucket:system:${want.party}`, value)
    const { passed } = await offer(nodes, want, [50, 50], 7)
    expect(sum(passed)).toBeGreaterThan(40)
    expect(sum(passed)).toBeLessThan(50 + 50 * 7 + 10)
    expect(await redis.cli('TYPE', `ssp:bucket:system:${want.party}`)).not.toBe('list')
  })

  test('something else in the place of the nodes is taken away, and they are counted', async () => {
    const redis = await closing.kept(startRedisServer(program))
    await redis.cli('SET', 'ssp:nodes', 'x')
    const nodes = await sharingNodes(2, { port: redis.port })
    for (const node of nodes) closing.push(() => node.close())
    await until('both are counted', async () => (await redis.cli('ZCARD', 'ssp:nodes')) === '2')
  })

  test('nodes of a time to come, which a clock that went back leaves behind, have no part of any limit', async () => {
    const [redis] = await two()
    await redis.cli('ZADD', 'ssp:nodes', String(Date.now() + 86_400_000), 'ghost')
    await until('they are gone', async () => (await redis.cli('ZCARD', 'ssp:nodes')) === '2', 5_000)
  })

  test('a Redis that takes no writes is told of as one that does not do what it is asked, until it does again', async () => {
    const [redis, [node]] = await two()
    const connection = node?.redis
    if (connection === undefined) throw new Error('it shares')
    const buckets = openRedisBuckets(connection, 'another')
    closing.push(() => buckets.close())
    expect(buckets).toMatchObject({ reachable: true, failure: undefined })
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1')
    await until('it is noticed', () => !buckets.reachable)
    expect(buckets.failure).toContain('OOM')
    expect(connection.health.ok).toBe(true)
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0')
    await until('it is well again', () => buckets.reachable && buckets.failure === undefined)
  })
})
