import { lockoutKeys } from '../../../src/state/lockout-scripts.ts'
import { lockoutRequest as request } from '../../contract/lockouts.ts'
import { closedAfterEach } from '../../support/closed-after-each.ts'
import { type LockoutNode, startLockoutNodes } from '../../support/lockout-nodes.ts'
import { whereInstalled } from '../../support/outside-program.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { until } from '../../support/until.ts'

whereInstalled('redis-server', (program) => {
  const closing = closedAfterEach()
  const asid = (at: number): string => String(200_000_000_000 + at)
  const lockOut = (on: LockoutNode, at: number) => on.lockouts.add(request('asid', asid(at)), 'socket:0')

  async function two(): Promise<readonly [RedisServer, LockoutNode, LockoutNode]> {
    const server = await closing.kept(startRedisServer(program))
    const all = await closing.kept(startLockoutNodes([server.port, server.port], 'ssp:'))
    const [one, other] = all.nodes as [LockoutNode, LockoutNode]
    for (const { lockouts } of all.nodes) expect(await lockouts.caughtUp(10_000)).toBe(true)
    return [server, one, other]
  }

  test('a Redis that answers and takes no writes: the nodes say so, tell each other all the same, and it is kept once it can be', async () => {
    const [server, one, other] = await two()
    await server.cli('CONFIG', 'SET', 'maxmemory', '1')
    await until('it is noticed', () => [one, other].every(({ lockouts }) => !lockouts.health.ok))
    expect(one.lockouts.health).toMatchObject({ ok: false, why: expect.stringContaining('OOM') })
    await lockOut(one, 1)
    await until('the other has it', () => other.asids().includes(asid(1)), 2_000)
    await until('it is acknowledged', () => one.told.everywhere.length > 0)
    await server.cli('CONFIG', 'SET', 'maxmemory', '0')
    await until('both are well', () => [one, other].every(({ lockouts }) => lockouts.health.ok))
    await until('it is kept', async () => (await server.cli('HLEN', `ssp:${lockoutKeys.records}`)) === '1')
  })

  for (const name of ['records', 'epoch', 'sequence', 'incarnation', 'nodes'] as const)
    test(`a key of another type in the place of ${name} does not keep lockouts from the others`, async () => {
      const [server, one, other] = await two()
      await server.cli('DEL', `ssp:${lockoutKeys[name]}`)
      await server.cli('SADD', `ssp:${lockoutKeys[name]}`, 'x')
      await lockOut(one, 1)
      await until('the other has it', () => other.asids().includes(asid(1)), 5_000)
      await until('both are well', () => [one, other].every(({ lockouts }) => lockouts.health.ok), 5_000)
      await until('it is kept', async () => (await server.cli('HLEN', `ssp:${lockoutKeys.records}`)) === '1', 5_000)
    })
})
