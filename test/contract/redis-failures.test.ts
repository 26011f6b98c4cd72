import { rateOf } from '../../src/protection/party-limit.ts'
import type { RedisSettings } from '../../src/state/state-settings.ts'
import { closedAfterEach } from '../support/closed-after-each.ts'
import { type LimitNode, offer, sharingNodes, sum } from '../support/limit-nodes.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { startRedisFailover } from '../support/redis-failover.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { startTcpRelay } from '../support/tcp-relay.ts'
import { until } from '../support/until.ts'
import { fresh } from './allowances.ts'

whereInstalled('redis-server', (program) => {
  const closing = closedAfterEach()

  /** Three nodes that know of each other. */
  async function three(settings: Partial<RedisSettings>): Promise<readonly LimitNode[]> {
    const nodes = await sharingNodes(3, { commandTimeoutMs: 100, ...settings })
    for (const node of nodes) closing.push(() => node.close())
    // Each learns how many there are when it says that it is there.
    const share = fresh({ concurrent: 3 })
    await until('all know of all', () =>
      nodes.every(({ allowances }) => {
        const first = allowances.take([share], 0)
        const second = allowances.take([share], 0)
        for (const one of [first, second]) if (one.taken) one.holding.release()
        return !second.taken
      }),
    )
    return nodes
  }

  const limit = () => fresh({ rate: rateOf(120, 60) })
  const even = [100, 100, 100]
  const everyone = (nodes: readonly LimitNode[], ok: boolean) =>
    until(ok ? 'redis answers all' : 'all miss redis', () => nodes.every(({ redis }) => redis?.health.ok === ok))

  /** A node that Redis answered within a load holds cells of then. Unused for two seconds they go back, which is looked at each second. */
  async function leftGoneBack(): Promise<void> {
    const backAt = performance.now() + 3_100
    await until('what was left has gone back', () => performance.now() > backAt)
  }

  /** Under a load for so long, no more than the limit passes, every node gets its share, and no decision waits. */
  async function expectShares(nodes: readonly LimitNode[], want: ReturnType<typeof limit>, seconds: number): Promise<void> {
    const load = await offer(nodes, want, even, seconds)
    expect(sum(load.passed)).toBeLessThanOrEqual((60 + 120 * load.seconds) * 1.05 + 3)
    for (const passed of load.passed) expect(passed).toBeGreaterThanOrEqual(40 * (load.seconds - 1.5) * 0.8)
    expect(load.most99Ms).toBeLessThan(90)
  }

  test('gone, and restarted empty: each node goes on with its share, nobody gains a burst, and it mends by itself', async () => {
    const redis = await closing.kept(startRedisServer(program))
    const nodes = await three({ port: redis.port })
    const want = limit()
    await offer(nodes, want, even, 1)
    await redis.stop()
    await everyone(nodes, false)
    const alone = await offer(nodes, want, even, 3)
    expect(sum(alone.passed)).toBeLessThanOrEqual(120 * alone.seconds * 1.05 + 40)
    for (const passed of alone.passed) expect(passed).toBeGreaterThanOrEqual(40 * alone.seconds * 0.8 - 4)
    await redis.start()
    await everyone(nodes, true)
    const after = await offer(nodes, want, even, 3)
    // An emptied bucket is not a full one: the nodes know better.
    expect(sum(after.passed)).toBeLessThanOrEqual(120 * after.seconds * 1.05 + 40)
    expect(sum(after.passed)).toBeGreaterThanOrEqual(120 * after.seconds * 0.85)
  })

  test('held still, and slow: limits go on, no decision waits', async () => {
    const redis = await closing.kept(startRedisServer(program))
    const relay = await closing.kept(startTcpRelay(redis.port))
    const nodes = await three({ port: relay.port })
    const want = limit()
    await offer(nodes, want, even, 1)
    redis.pause()
    await expectShares(nodes, want, 3)
    redis.resume()
    await everyone(nodes, true)
    relay.delay(300)
    await everyone(nodes, false)
    await expectShares(nodes, want, 3)
    relay.delay(0)
    await everyone(nodes, true)
    await leftGoneBack()
    await expectShares(nodes, want, 2)
  })

  test('R2: one node cut off from Redis goes on with its share, the others with the limit; together they exceed it by no more than that share', async () => {
    const redis = await closing.kept(startRedisServer(program))
    const nodes = await three({ port: redis.port })
    const relay = await closing.kept(startTcpRelay(redis.port))
    const [cut] = await sharingNodes(1, { port: relay.port, commandTimeoutMs: 100, connectTimeoutMs: 300 })
    closing.push(async () => cut?.close())
    const want = limit()
    const all = [...nodes.slice(0, 2), cut as LimitNode]
    await offer(all, want, even, 1)
    relay.cut()
    await until('it misses redis', () => cut?.redis?.health.ok === false)
    const { passed, seconds } = await offer(all, want, even, 3)
    // Four have been there: the one that is cut off keeps a quarter of the limit at most a third.
    expect(passed[2]).toBeLessThanOrEqual((120 / 3) * seconds * 1.1 + 25)
    expect(passed[2]).toBeGreaterThanOrEqual((120 / 4) * seconds * 0.7 - 5)
    expect((passed[0] ?? 0) + (passed[1] ?? 0)).toBeLessThanOrEqual(120 * seconds * 1.05 + 60)
    relay.mend()
    await until('it is back', () => cut?.redis?.health.ok === true)
  })

  test('failed over: sentinel names another primary, and the nodes go on with it by themselves', async () => {
    const { primary, replica, sentinels, promoted } = await closing.kept(startRedisFailover(program))
    const nodes = await three({ sentinels })
    const want = limit()
    await offer(nodes, want, even, 1)
    await primary.stop()
    await everyone(nodes, false)
    await expectShares(nodes, want, 2)
    await until('they are with the new primary', () => nodes.every(({ redis }) => redis?.health.ok === true), { withinMs: 40_000 })
    await promoted()
    await leftGoneBack()
    await expectShares(nodes, want, 2)
    expect(await replica.cli('--raw', 'KEYS', 'ssp:bucket:*')).toContain(want.party)
  })
})
