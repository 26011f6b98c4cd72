import { type Suspect, suspectKey } from '../../src/protection/lockout-rules.ts'
import { closedAfterEach } from '../support/closed-after-each.ts'
import { type EvidenceNode, evidenceAgainst, evidenceNodes, oneRule } from '../support/evidence-nodes.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { startRedisFailover } from '../support/redis-failover.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { startTcpRelay } from '../support/tcp-relay.ts'
import { until } from '../support/until.ts'
import { evidenceConforms, freshSuspect } from './evidence.ts'

whereInstalled('redis-server', (program) => {
  let redis: RedisServer
  const closing = closedAfterEach()
  beforeAll(async () => {
    redis = await startRedisServer(program)
  })
  afterAll(() => redis.close())

  type Three = readonly [EvidenceNode, EvidenceNode, EvidenceNode]
  async function three(ports: readonly number[], settings = oneRule(), more: object = {}): Promise<Three> {
    const nodes = await evidenceNodes(
      ports.map((port) => ({ port, commandTimeoutMs: 150, ...more })),
      settings,
    )
    for (const node of nodes) closing.push(() => node.end())
    return nodes as unknown as Three
  }
  const give = (node: EvidenceNode, suspect: number, times: number): void => {
    for (let nth = 0; nth < times; nth++) node.suspected(evidenceAgainst(suspect, `${node.name}-${nth}`))
  }
  const settled = async (nodes: readonly EvidenceNode[]): Promise<void> => {
    for (const node of nodes) await node.settled()
  }
  const judged = (nodes: readonly EvidenceNode[]) => nodes.flatMap((node) => node.judged)
  const keyOf = (suspect: number): string => suspectKey(evidenceAgainst(suspect, '').suspect)

  evidenceConforms('Redis, with one node', (settings) => evidenceNodes([{ port: redis.port }], settings))
  evidenceConforms('Redis, with three nodes', (settings) =>
    evidenceNodes(
      [0, 1, 2].map(() => ({ port: redis.port })),
      settings,
    ),
  )

  test('slow, so that answers are lost and what was told is told again: nothing is counted twice', async () => {
    const relay = await closing.kept(startTcpRelay(redis.port))
    const nodes = await three([relay.port, redis.port, redis.port])
    const [slow, other] = nodes
    const suspect = freshSuspect()
    relay.delay(400)
    give(slow, suspect, 4)
    await until('it is told, and nobody has said so', async () => (await redis.cli('EXISTS', `ssp:evidence:of:${keyOf(suspect)}`)) === '1')
    expect(slow.rules.untold).toBe(1)
    relay.delay(0)
    await slow.settled()
    give(other, suspect, 4)
    await settled(nodes)
    expect(judged(nodes)).toEqual([])
    give(other, suspect, 1)
    expect(other.judged).toMatchObject([{ sum: 9, others: ['node1'] }])
  })

  test('R2: gone, each node counts alone and by what it last heard; restarted empty, it is told again what each has counted', async () => {
    const own = await closing.kept(startRedisServer(program))
    const nodes = await three([own.port, own.port, own.port])
    const [one, two, last] = nodes
    const [known, fresh] = [freshSuspect(), freshSuspect()]
    give(one, known, 4)
    await one.settled()
    give(two, known, 1)
    await two.settled()
    await own.stop()
    await until('all miss it', () => nodes.every((node) => node.redis?.health.ok === false))
    give(one, fresh, 4)
    give(last, fresh, 4)
    give(two, known, 3)
    expect(judged(nodes)).toEqual([])
    // What it last heard counts on.
    give(two, known, 1)
    expect(two.judged).toMatchObject([{ sum: 9, others: ['node1'] }])
    await own.start()
    await settled(nodes)
    give(two, fresh, 1)
    await until('what was told nobody is known', () => judged(nodes).length > 1)
    expect(judged(nodes).map(({ sum }) => sum)).toEqual([9, 9])
    give(last, known, 1)
    await until('what was lost is known again', () =>
      last.judged.some(({ suspect }) => suspect.value === evidenceAgainst(known, '').suspect.value),
    )
  })

  test('R2: one node cut off counts alone, the others together; back, its part is theirs too', async () => {
    const relay = await closing.kept(startTcpRelay(redis.port))
    const nodes = await three([redis.port, redis.port, relay.port])
    const [one, two, cut] = nodes
    const suspect = freshSuspect()
    relay.cut()
    await until('it misses redis', () => cut.redis?.health.ok === false)
    give(cut, suspect, 5)
    give(one, suspect, 2)
    await one.settled()
    give(two, suspect, 1)
    await two.settled()
    expect([judged(nodes), cut.rules.untold]).toEqual([[], 1])
    relay.mend()
    await cut.settled()
    expect(judged(nodes)).toEqual([])
    give(two, suspect, 1)
    await until('it is judged', () => judged([one, two]).length > 0)
    expect(two.judged).toMatchObject([{ sum: 9, others: expect.arrayContaining(['node1', 'node3']) }])
  })

  test('emptied under the nodes: they notice, and tell again', async () => {
    const own = await closing.kept(startRedisServer(program))
    const nodes = await three([own.port, own.port, own.port])
    const [one, two, last] = nodes
    const suspect = freshSuspect()
    give(one, suspect, 4)
    give(two, suspect, 4)
    await settled(nodes)
    await own.cli('FLUSHALL')
    await until('both have told again', async () => (await own.cli('HLEN', `ssp:evidence:of:${keyOf(suspect)}`)) === '2')
    give(last, suspect, 1)
    await until('it is judged', () => last.judged.length > 0)
    expect(last.judged).toMatchObject([{ sum: 9 }])
  })

  test('failed over: counted on with the new primary, by themselves', async () => {
    const { primary, sentinels, promoted } = await closing.kept(startRedisFailover(program))
    const nodes = await three([primary.port, primary.port, primary.port], oneRule(), { sentinels })
    const [one, two, last] = nodes
    const suspect = freshSuspect()
    give(one, suspect, 4)
    await one.settled()
    await primary.stop()
    await until('all miss it', () => nodes.every((node) => node.redis?.health.ok === false))
    give(two, suspect, 4)
    await promoted()
    await until('all are with the new one', () => nodes.every((node) => node.redis?.health.ok === true), { withinMs: 40_000 })
    await settled(nodes)
    give(last, suspect, 1)
    await until('it is judged', () => judged(nodes).length > 0)
    expect(judged(nodes)).toMatchObject([{ sum: 9 }])
  })

  test('R4: what no node has signed, or stands elsewhere than it was put, makes nobody locked out', async () => {
    const nodes = await three([redis.port, redis.port, redis.port])
    const [one, two] = nodes
    const [suspect, innocent] = [freshSuspect(), freshSuspect()]
    const of = (nth: number) => `ssp:evidence:of:${keyOf(nth)}`
    give(one, suspect, 8)
    await one.settled()
    const [[run, text]] = [(await redis.cli('--raw', 'HGETALL', of(suspect))).split('\n') as [string, string]]
    // Of another suspect, under another run (twice what was counted), and changed.
    await redis.cli('HSET', of(innocent), run, text)
    await redis.cli('HSET', of(innocent), `${run.slice(0, -1)}_`, text)
    await redis.cli(
      'HSET',
      of(suspect),
      'another',
      text.replace(/,8,0\]/, ',9,0]'),
      'a third',
      `${text.split(' ')[0]} nonsense`,
      'a fourth',
      'nonsense',
    )
    give(two, innocent, 1)
    await two.settled()
    expect([judged(nodes), two.refused.length]).toEqual([[], 2])
    give(two, innocent, 1)
    await two.settled()
    expect([judged(nodes), two.refused.length]).toEqual([[], 2])
    give(two, suspect, 1)
    await until('the genuine one counts', () => two.judged.length > 0)
    expect(two.judged).toMatchObject([{ sum: 9, others: ['node1'] }])
    expect(two.refused).toHaveLength(4)
  })

  test('what is too long for a statement, and keys of another type, keep nobody from hearing the others', async () => {
    const nodes = await three([redis.port, redis.port, redis.port])
    const [one, two] = nodes
    const suspect = freshSuspect()
    const of = `ssp:evidence:of:${keyOf(suspect)}`
    for (const name of ['ssp:evidence:store', 'ssp:evidence:suspects', of]) {
      await redis.cli('DEL', name)
      await redis.cli('RPUSH', name, 'x')
    }
    give(one, suspect, 8)
    await one.settled()
    await redis.cli('EVAL', `return redis.call('HSET', KEYS[1], 'a run', '1 ' .. string.rep('x', 40000000))`, '1', of)
    give(two, suspect, 1)
    // Redis takes so long to get rid of it that this node may give it up once, and connect anew.
    await until('what the other told counts', () => two.judged.length > 0, 20_000)
    expect(two.judged).toMatchObject([{ sum: 9, others: ['node1'] }])
    expect(await redis.cli('HEXISTS', of, 'a run')).toBe('0')
  })

  test('R4: old evidence stays old, whoever puts it there anew', async () => {
    const nodes = await three([redis.port, redis.port, redis.port], oneRule({ windowSeconds: 1 }))
    const [one, two] = nodes
    const suspect = freshSuspect()
    give(one, suspect, 8)
    await one.settled()
    const of = `ssp:evidence:of:${keyOf(suspect)}`
    const [run = '', text = ''] = (await redis.cli('--raw', 'HGETALL', of)).split('\n')
    await until('it is forgotten there', async () => (await redis.cli('EXISTS', of)) === '0')
    await redis.cli('HSET', of, run, text.replace(/^\d+/, String(Date.now() + 60_000)))
    give(two, suspect, 1)
    await two.settled()
    expect(two.judged).toEqual([])
  })

  test('costs one operation a second at most while no threshold is near, and none where there is nothing to tell', async () => {
    const nodes = await three([redis.port, redis.port, redis.port], oneRule({ slowAt: 1_000, blockAt: 1_000 }))
    await settled(nodes)
    const before = nodes.map(({ redis: on }) => on?.operations ?? 0)
    const suspects = Array.from({ length: 30 }, freshSuspect)
    const began = performance.now()
    await until('three seconds are over', () => {
      for (const node of nodes) give(node, suspects[Math.floor(Math.random() * 30)] as number, 1)
      return performance.now() - began > 3_000
    })
    const seconds = (performance.now() - began) / 1_000
    nodes.forEach((node, at) => {
      // A script that Redis does not know yet is sent twice.
      expect((node.redis?.operations ?? 0) - (before[at] ?? 0)).toBeLessThanOrEqual(Math.ceil(seconds) + 2)
    })
    await settled(nodes)
    const quiet = nodes.map(({ redis: on }) => on?.operations)
    const restUntil = performance.now() + 2_500
    await until('a while is over', () => performance.now() > restUntil)
    expect(nodes.map(({ redis: on }) => on?.operations)).toEqual(quiet)
  })

  test('keeps no more identities than the settings say, none longer than two windows, and nothing without an end but one word', async () => {
    const own = await closing.kept(startRedisServer(program))
    const nodes = await three([own.port, own.port, own.port], oneRule({ windowSeconds: 5 }, { maxIdentities: 100 }))
    for (let nth = 0; nth < 200; nth++) {
      give(nodes[nth % 3] as EvidenceNode, freshSuspect(), 1)
      if (nth % 50 === 49) await settled(nodes)
    }
    const names = (await own.cli('--raw', 'KEYS', '*')).split('\n')
    expect(names.filter((name) => name.startsWith('ssp:evidence:of:'))).toHaveLength(100)
    expect(names.filter((name) => !name.startsWith('ssp:evidence:of:')).sort()).toEqual(['ssp:evidence:store', 'ssp:evidence:suspects'])
    for (const name of names.slice(0, 10))
      if (name !== 'ssp:evidence:store') expect(Number(await own.cli('PTTL', name))).toBeLessThanOrEqual(10_000)
    await until('all is forgotten', async () => (await own.cli('DBSIZE')) === '1')
  })

  test('hears in several operations what would be too much for one', async () => {
    const nodes = await three([redis.port, redis.port, redis.port], oneRule({ slowAt: 3, blockAt: 3 }))
    const suspects = Array.from({ length: 400 }, freshSuspect)
    for (const suspect of suspects) give(nodes[0], suspect, 1)
    await settled(nodes)
    for (const suspect of suspects) give(nodes[1], suspect, 1)
    await settled(nodes)
    for (const suspect of suspects) give(nodes[2], suspect, 1)
    await settled(nodes)
    const found: readonly Suspect[] = nodes[2].judged.map(({ suspect }) => suspect)
    expect(new Set(found.map(({ value }) => value)).size).toBe(400)
  })
})
