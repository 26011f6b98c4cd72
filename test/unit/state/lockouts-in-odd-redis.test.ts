import { type Clock, systemClock } from '../../../src/lib/clock.ts'
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

  /** Two nodes that have caught up, at these servers. */
  async function nodesAt(...servers: readonly [RedisServer, RedisServer]): Promise<readonly [LockoutNode, LockoutNode]> {
    const all = await closing.kept(
      startLockoutNodes(
        servers.map(({ port }) => port),
        'ssp:',
      ),
    )
    for (const { lockouts } of all.nodes) expect(await lockouts.caughtUp(10_000)).toBe(true)
    return all.nodes as [LockoutNode, LockoutNode]
  }

  async function two(): Promise<readonly [RedisServer, LockoutNode, LockoutNode]> {
    const server = await closing.kept(startRedisServer(program))
    return [server, ...(await nodesAt(server, server))]
  }

  /** Each at a server of its own: what one is told of the other's, the test says. */
  async function apart(): Promise<readonly [RedisServer, RedisServer, LockoutNode, LockoutNode]> {
    const from = await closing.kept(startRedisServer(program))
    const server = await closing.kept(startRedisServer(program))
    return [from, server, ...(await nodesAt(from, server))]
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

  test('a Redis in which no lockout may be kept or told: the node says so as long as there is one, and it is told once it may be', async () => {
    const [server, one, other] = await two()
    await server.cli('ACL', 'SETUSER', 'default', '-hset', '-publish')
    await lockOut(one, 1)
    await until('it is said', () => !one.lockouts.health.ok, 5_000)
    expect(one.lockouts.health).toMatchObject({ ok: false, why: expect.stringMatching(/does not keep: 1: .*can't run this command/) })
    await server.cli('ACL', 'SETUSER', 'default', '+hset', '+publish')
    await until('the other has it', () => other.asids().includes(asid(1)), 5_000)
    await until('both are well', () => [one, other].every(({ lockouts }) => lockouts.health.ok))
  })

  test('of a flood of messages that tell nothing few are verified, all are counted, and what is new is in force within seconds', async () => {
    const [server, one, other] = await two()
    const { id } = await lockOut(one, 1)
    await until('the other has it', () => other.asids().includes(asid(1)))
    const kept = await server.cli('HGET', `ssp:${lockoutKeys.records}`, id)
    const replayed = kept.slice(kept.indexOf('{'))
    const flood = `for n = 1, 4000 do redis.call('PUBLISH', KEYS[1], ARGV[1]) end`
    for (const record of [replayed.replace('"epoch":1,', '"epoch":9,'), replayed])
      await server.cli('EVAL', flood, '1', `ssp:${lockoutKeys.changes}`, `change 2 x ${record}`)
    await server.cli('EVAL', flood, '1', `ssp:${lockoutKeys.changes}`, 'drill x y')
    await lockOut(one, 2)
    await until('the other has it', () => other.asids().includes(asid(2)), 5_000)
    await until('all are counted', () => other.told.refused.length > 8_000)
    expect(other.told.refused.filter((why) => why.includes('signature')).length).toBeLessThan(2_000)
    await until('both are well', () => [one, other].every(({ lockouts }) => lockouts.health.ok))
    const answers = await one.lockouts.drill()
    expect(answers.every(({ milliseconds }) => milliseconds !== undefined)).toBe(true)
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

  test('a count of changes that nobody has counted so far, up or down, keeps no message from the others', async () => {
    const [server, one, other] = await two()
    for (const [at, count] of ['1000000000000000', '-9007199254740993'].entries()) {
      await server.cli('SET', `ssp:${lockoutKeys.sequence}`, count)
      await lockOut(one, at)
      await until('it is acknowledged', () => one.told.everywhere.length === at + 1, 5_000)
      expect(other.asids()).toContain(asid(at))
    }
    expect(other.told.refused).toEqual([])
  })

  test('a node whose clock is ahead neither says that a lockout is in force which it takes for past, nor takes it from the others', async () => {
    const server = await closing.kept(startRedisServer(program))
    const ahead: Clock = { now: () => Date.now() + 600_000, elapsed: systemClock.elapsed }
    const all = await closing.kept(startLockoutNodes([server.port, server.port], 'ssp:', [], [systemClock, ahead]))
    const [one, other] = all.nodes as [LockoutNode, LockoutNode]
    for (const { lockouts } of all.nodes) expect(await lockouts.caughtUp(10_000)).toBe(true)
    await one.lockouts.add({ ...request('asid', asid(1)), forSeconds: 300 }, 'socket:0')
    await until('it is told why', () => other.told.refused.includes('it has ended already by this machine’s clock'))
    // Takes the way of an answer, behind where one would be.
    await one.lockouts.drill()
    expect(one.told.everywhere).toEqual([])
    expect(await other.lockouts.caughtUp(5_000)).toBe(true)
    expect(await server.cli('HLEN', `ssp:${lockoutKeys.records}`)).toBe('1')
  })

  test('something long in the place of a word, a count or a name of a node costs no node its connection', async () => {
    const [server, one, other] = await two()
    const long = `local t, x = redis.call('TIME'), string.rep('9', 34000000)
      for at = 1, 3 do redis.call('SET', KEYS[at], at == 1 and x or string.sub(x, 1, 1000000)) end
      redis.call('ZADD', KEYS[4], t[1] * 1000, x, t[1] * 1000, 'x\\27]0;y')`
    const names = (['incarnation', 'sequence', 'epoch', 'nodes'] as const).map((name) => `ssp:${lockoutKeys[name]}`)
    await server.cli('EVAL', long, '4', ...names)
    await lockOut(one, 1)
    await until('it is acknowledged', () => one.told.everywhere.length === 1, 5_000)
    expect(one.lockouts.list()[0]?.epoch).toBe(1)
    expect((await one.lockouts.drill()).map(({ node }) => node)).toEqual([one.name, other.name])
    await until('nothing is left of it', async () => Number(await server.cli('MEMORY', 'USAGE', names[0] ?? '')) < 1_000, 5_000)
  })

  test('what is too long for a lockout costs no node its connection, and is taken away', async () => {
    const [server, one, other] = await two()
    const put = `return redis.call('HSET', KEYS[1], 'junk', string.rep('x', 40000000))`
    await server.cli('EVAL', put, '1', `ssp:${lockoutKeys.records}`)
    await other.stop()
    await other.start()
    expect(await other.lockouts.caughtUp(5_000)).toBe(true)
    await lockOut(one, 1)
    await until('the other has it', () => other.asids().includes(asid(1)), 2_000)
    await until('it is gone', async () => (await server.cli('HKEYS', `ssp:${lockoutKeys.records}`)) === one.lockouts.list()[0]?.id)
  })

  test('a change of which the message was lost is looked for as soon as the next one tells of a gap', async () => {
    const [from, server, one, other] = await apart()
    const hash = `ssp:${lockoutKeys.records}`
    // The first looks for it fail, which is not forgotten.
    await server.cli('ACL', 'SETUSER', 'default', '-hscan')
    // A number that nobody gave does not hide that one is missing.
    await server.cli('PUBLISH', `ssp:${lockoutKeys.changes}`, 'change 999999999999999 x {}')
    for (const at of [1, 2]) {
      const { id } = await lockOut(one, at)
      await until('it is kept', async () => (await from.cli('HEXISTS', hash, id)) === '1')
      const value = await from.cli('HGET', hash, id)
      await server.cli('HSET', hash, id, value)
      const sequence = await server.cli('INCR', `ssp:${lockoutKeys.sequence}`)
      if (at === 2) await server.cli('PUBLISH', `ssp:${lockoutKeys.changes}`, `change ${sequence} x ${value.slice(value.indexOf('{'))}`)
    }
    await until('it is said that one is missing', () => !other.lockouts.health.ok, 6_000)
    await server.cli('ACL', 'SETUSER', 'default', '+hscan')
    await until('both are known', () => other.asids().length === 2, 6_000)
  })

  test('a change by another node of the same name is in force at once', async () => {
    const [from, server, one, other] = await apart()
    const { id } = await lockOut(one, 1)
    await until('it is kept', async () => (await from.cli('HLEN', `ssp:${lockoutKeys.records}`)) === '1')
    const value = await from.cli('HGET', `ssp:${lockoutKeys.records}`, id)
    await server.cli('PUBLISH', `ssp:${lockoutKeys.changes}`, `change 1 ${other.name} ${value.slice(value.indexOf('{'))}`)
    await until('it is known', () => other.asids().includes(asid(1)), 2_000)
  })

  test('nobody waits for nodes of a time to come, which a clock that went back leaves behind', async () => {
    const [server, one] = await two()
    await server.cli('ZADD', `ssp:${lockoutKeys.nodes}`, String(Date.now() + 86_400_000), 'ghost')
    await until('it is gone', async () => (await server.cli('ZSCORE', `ssp:${lockoutKeys.nodes}`, 'ghost')) === '', 5_000)
    await lockOut(one, 1)
    await until('it is acknowledged', () => one.told.everywhere.length === 1, 3_000)
    expect(one.told.unacknowledged).toEqual([])
  })
})
