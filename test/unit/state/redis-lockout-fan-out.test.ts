import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { lockoutKeys } from '../../../src/state/lockout-scripts.ts'
import { lockoutRequest as request } from '../../contract/lockouts.ts'
import { type LockoutNode, type LockoutNodes, startLockoutNodes } from '../../support/lockout-nodes.ts'
import { whereInstalled } from '../../support/outside-program.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { startTcpRelay, type TcpRelay } from '../../support/tcp-relay.ts'
import { until } from '../../support/until.ts'

whereInstalled('redis-server', (program) => {
  let server: RedisServer
  let relays: TcpRelay[]
  let all: LockoutNodes
  let nodes: readonly LockoutNode[]
  beforeEach(async () => {
    server = await startRedisServer(program)
    relays = await Promise.all([0, 1, 2].map(() => startTcpRelay(server.port)))
    all = await startLockoutNodes(
      relays.map(({ port }) => port),
      'ssp:',
    )
    nodes = all.nodes
    for (const { lockouts } of nodes) expect(await lockouts.caughtUp(10_000)).toBe(true)
  })
  afterEach(async () => {
    await all.close()
    for (const relay of relays) await relay.close()
    await server.close()
  })

  const node = (at: number): LockoutNode => nodes[at] as LockoutNode
  const asid = (at: number): string => String(200_000_000_000 + at)
  const lockOut = (on: LockoutNode, at: number) => on.lockouts.add(request('asid', asid(at)), 'socket:0')
  /** Every node knows just these, and nothing needs a hand. */
  const everywhere = (...expected: number[]) =>
    until(`every node knows ${expected.join(', ')}`, () => nodes.every((one) => one.asids().join() === expected.map(asid).join()), 20_000)
  const well = () => until('every node is well', () => nodes.every(({ lockouts }) => lockouts.health.ok), 20_000)

  test('a lockout and its release reach every node, each says so, and the time is measured', async () => {
    const { id, epoch } = await lockOut(node(0), 1)
    await everywhere(1)
    await until('it is acknowledged', () => node(0).told.everywhere.length === 1)
    expect(node(1).lockouts.find('asid', asid(1))).toMatchObject({ id, epoch, node: 'node1' })
    await node(2).lockouts.release(id, 'socket:1')
    await everywhere()
    await until('that too', () => node(2).told.everywhere.length === 1)
    expect(nodes.flatMap(({ told }) => [...told.unacknowledged, ...told.refused])).toEqual([])
  })

  test('a lockout by an operator of a long name, for a reason of 500 characters, reaches every node', async () => {
    const author = `${'ab'.repeat(32)} ${'OU=A department of the hospital, '.repeat(15)}CN=alice`
    await node(0).lockouts.add(request('asid', asid(1), { reason: '\u{1F512}'.repeat(500) }), author)
    await everywhere(1)
    await until('it is acknowledged', () => node(0).told.everywhere.length === 1)
    expect(nodes.flatMap(({ told }) => told.refused)).toEqual([])
  })

  test('two nodes that lock out at the same moment both keep both, under different epochs', async () => {
    const added = await Promise.all([lockOut(node(0), 1), lockOut(node(1), 2), lockOut(node(2), 3), lockOut(node(0), 4)])
    await until('all four are everywhere', () => nodes.every((one) => one.asids().length === 4))
    expect(new Set(added.map(({ epoch }) => epoch)).size).toBe(4)
  })

  test('a drill names each node with its time, and one that is cut off without', async () => {
    const answers = await node(0).lockouts.drill()
    expect(answers.map((one) => one.node)).toEqual(['node1', 'node2', 'node3'])
    expect(answers.every(({ milliseconds }) => milliseconds !== undefined && milliseconds < 5_000)).toBe(true)
    relays[2]?.cut()
    const then = await node(0).lockouts.drill()
    expect(then.map(({ milliseconds }) => milliseconds !== undefined)).toEqual([true, true, false])
    expect(node(0).lockouts.list()).toEqual([])
  })

  test('a node that was away catches up before it says that it has: with what was locked out and what was released', async () => {
    const { id } = await lockOut(node(0), 1)
    await everywhere(1)
    await node(2).stop()
    await lockOut(node(0), 2)
    await node(1).lockouts.release(id, 'socket:0')
    await node(2).start()
    expect(await node(2).lockouts.caughtUp(10_000)).toBe(true)
    expect(node(2).asids()).toEqual([asid(2)])
  })

  test('R2: a node that is partitioned keeps what it knows, says that it is degraded, locks out by itself, and mends without a hand', async () => {
    await lockOut(node(0), 1)
    await everywhere(1)
    relays[2]?.cut()
    await until('it is noticed', () => !node(2).lockouts.health.ok)
    expect(node(2).lockouts.health).toMatchObject({ shared: true, ok: false, why: expect.any(String) })
    await lockOut(node(0), 2)
    await until('the others have it', () => node(1).asids().length === 2)
    await lockOut(node(2), 3)
    expect(node(2).asids()).toEqual([asid(1), asid(3)])
    relays[2]?.mend()
    await until('all is everywhere', () => nodes.every((one) => one.asids().length === 3), 20_000)
    await well()
    expect((await lockOut(node(1), 4)).epoch).toBeGreaterThan(
      Math.max(
        ...node(2)
          .lockouts.list()
          .map(({ epoch }) => epoch),
      ) - 1,
    )
  })

  test('R2: what was released here while there was no Redis is not brought back by the others', async () => {
    const { id } = await lockOut(node(0), 1)
    await everywhere(1)
    relays[0]?.cut()
    await until('it is noticed', () => !node(0).lockouts.health.ok)
    await node(0).lockouts.release(id, 'socket:0')
    relays[0]?.mend()
    await everywhere()
  })

  test('O11: a Redis that was emptied, or began anew, is refilled from the nodes’ disks; the highest epoch wins and no lockout is lost', async () => {
    const { id } = await lockOut(node(0), 1)
    await lockOut(node(1), 2)
    await everywhere(1, 2)
    await node(2).stop()
    const released = await node(0).lockouts.release(id, 'socket:0')
    await until('the other has it', () => node(1).asids().length === 1)
    await server.cli('FLUSHALL')
    await until('it is refilled', async () => (await server.cli('HLEN', `ssp:${lockoutKeys.records}`)) === '2', 20_000)
    await server.stop()
    await server.start()
    await node(2).start()
    expect(await node(2).lockouts.caughtUp(20_000)).toBe(true)
    await everywhere(2)
    await well()
    expect((await lockOut(node(2), 3)).epoch).toBeGreaterThan(released?.epoch ?? Number.NaN)
    await everywhere(2, 3)
  })

  test('a Redis that is paused makes nobody wait for long, and is caught up with once it goes on', async () => {
    await lockOut(node(0), 1)
    await everywhere(1)
    server.pause()
    const began = performance.now()
    await lockOut(node(1), 2)
    expect(node(1).asids()).toEqual([asid(1), asid(2)])
    expect(performance.now() - began).toBeLessThan(5_000)
    server.resume()
    await everywhere(1, 2)
    await well()
  })

  test('a Redis that is slow delays the others and nothing here', async () => {
    for (const relay of relays) relay.delay(100)
    await lockOut(node(0), 1)
    await everywhere(1)
    await until('it is acknowledged', () => node(0).told.everywhere.length === 1)
  })

  test('whoever can write to Redis cannot lock out, release, or bring back what was released', async () => {
    const { id } = await lockOut(node(0), 1)
    await everywhere(1)
    const hash = `ssp:${lockoutKeys.records}`
    const kept = await server.cli('HGET', hash, id)
    const forged = kept.slice(kept.indexOf('{')).replace('"inForce"', '"released"').replace('"epoch":1,', '"epoch":9,')
    expect(forged).toContain('"released"')
    await server.cli('PUBLISH', `ssp:${lockoutKeys.changes}`, `change 2 node9 ${forged}`)
    await server.cli('HSET', hash, id, `9 1 node1 ${forged}`)
    await until('it is refused', () => nodes.every(({ told }) => told.refused.some((why) => why.includes('signature'))))
    await lockOut(node(1), 2)
    await everywhere(1, 2)
    await node(0).lockouts.release(id, 'socket:0')
    await everywhere(2)
    // What is genuine is no forgery, though it stands in the way of what is older.
    expect(await server.cli('HGET', hash, id)).toContain('"released"')
    const old = kept.slice(kept.indexOf('{'))
    await server.cli('PUBLISH', `ssp:${lockoutKeys.changes}`, `change 99 node9 ${old}`)
    await lockOut(node(1), 3)
    await everywhere(2, 3)
  })

  test('each node has it on its own disk: without Redis, after a start, it is still in force', async () => {
    await lockOut(node(0), 1)
    await everywhere(1)
    await until('it is acknowledged', () => node(0).told.everywhere.length === 1)
    await server.stop()
    for (const one of nodes) {
      await one.stop()
      await one.start()
      expect(one.asids()).toEqual([asid(1)])
      expect(await readFile(join(one.directory, 'lockouts.json'), 'utf8')).toContain(asid(1))
    }
  })
})
