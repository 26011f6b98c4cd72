import { X509Certificate } from 'node:crypto'
import { call } from '../support/consumer.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { beginCall, streamForEver } from '../support/slow-streams.ts'
import { type ClusterNode, startCluster } from '../support/start-cluster.ts'
import { world } from '../support/start-world.ts'
import { metricOn } from '../support/start-world-process.ts'
import { startTcpRelay, type TcpRelay } from '../support/tcp-relay.ts'
import { until } from '../support/until.ts'

whereInstalled('redis-server', (program) => {
  let redis: RedisServer
  let relays: readonly TcpRelay[]
  let nodes: readonly ClusterNode[]
  beforeAll(async () => {
    redis = await startRedisServer(program)
    relays = await Promise.all([0, 1, 2].map(() => startTcpRelay(redis.port)))
    nodes = await startCluster({ redisPorts: relays.map(({ port }) => port) })
  })
  afterAll(async () => {
    for (const node of nodes) await node.close()
    for (const relay of relays) await relay.close()
    await redis.close()
  })

  const node = (at: number): ClusterNode => nodes[at] as ClusterNode
  const gigabyte = 1_000_000_000
  async function lockOut(on: ClusterNode, selector: Readonly<Record<string, string>>): Promise<string> {
    const made = await on.control('POST', '/lockouts', { ...selector, reason: 'key stolen' })
    expect(made.status).toBe(201)
    return (made.body as { id: string }).id
  }
  async function release(on: ClusterNode, id: string): Promise<void> {
    expect((await on.control('DELETE', `/lockouts/${id}`)).status).toBe(200)
  }
  /** The rule that answers a call on this node; a call on its way when a lockout comes is cut. */
  const verdictOf = (on: ClusterNode): Promise<string> =>
    call(on).then(
      ({ verdict }) => verdict.rule,
      () => 'cut',
    )
  const everywhere = (rule: string) =>
    until(`${rule} answers on every node`, async () => (await Promise.all(nodes.map(verdictOf))).every((found) => found === rule))
  const passesEverywhere = () => everywhere('provider-exchange')
  const acts = (on: ClusterNode, id: string) =>
    on.audit().flatMap((entry) => (entry.type === 'operation' && entry.detail['id'] === id ? [entry.act] : []))

  test('R3: a 1 GB stream in flight on one node is cut on both legs by a lockout that another was told of; each node’s audit has it', async () => {
    const far = node(2)
    const plain = far.provider.answer
    const sent = streamForEver(far.provider, gigabyte)
    const begun = await beginCall(far)
    await until('the stream runs', () => begun.bytes() > 1_000_000)
    const id = await lockOut(node(0), { asid: world.consumer.asid })
    expect(await begun.ended).toBe('cut')
    expect(begun.bytes()).toBeLessThan(gigabyte)
    await until('the provider’s leg is cut', () => sent.cut() === 1)
    const outcome = await until('the outcome is recorded', () =>
      far.audit().find((entry) => entry.type === 'outcome' && entry.exchange === begun.exchange),
    )
    expect(outcome).toMatchObject({ end: 'aborted', rule: 'lockout', reason: expect.stringContaining(id) })
    await until('each node has recorded it', () => nodes.every((one) => acts(one, id).includes('lockout-in-force')))
    expect(acts(node(0), id)).toEqual(['lockout-in-force'])
    far.provider.answer = plain
    await release(node(1), id)
    await passesEverywhere()
    await until('each node has recorded that too', () => nodes.every((one) => acts(one, id).includes('lockout-released')))
  })

  test('each of many lockouts, made on one node after the other, takes effect on every node, and so does its release', async () => {
    for (let round = 0; round < 6; round++) {
      const id = await lockOut(node(round % 3), { organisation: world.consumer.odsCode })
      await everywhere('lockout')
      await release(node((round + 1) % 3), id)
      await passesEverywhere()
    }
    const page = (await node(0).page('/metrics')).body
    expect(metricOn(page, 'ssp_lockout_everywhere_seconds_count')).toBeGreaterThanOrEqual(4)
    expect(metricOn(page, 'ssp_lockout_unacknowledged_total')).toBe(0)
  })

  test('a drill names every node, and locks nobody out', async () => {
    const { status, body } = await node(1).control('POST', '/lockouts/drill')
    expect([status, (body as { nodes: { node: string }[] }).nodes.map((one) => one.node)]).toEqual([200, ['node1', 'node2', 'node3']])
    await passesEverywhere()
  })

  test('R2: a node cut off from Redis keeps known lockouts in force and says degraded; calls go on, and it mends without a hand', async () => {
    const certificate = new X509Certificate(node(0).certificates.consumer.certificatePem).fingerprint256.replaceAll(':', '').toLowerCase()
    const known = await lockOut(node(0), { certificate })
    await until('it is everywhere', async () => (await verdictOf(node(2))) === 'lockout')
    relays[2]?.cut()
    await until('it says so', async () => (await node(2).page('/readyz')).body.includes('degraded: lockouts'))
    expect((await node(2).page('/readyz')).status).toBe(200)
    expect(await verdictOf(node(2))).toBe('lockout')
    await release(node(0), known)
    const later = await lockOut(node(0), { asid: world.stranger.asid })
    expect(await verdictOf(node(2))).toBe('lockout')
    relays[2]?.mend()
    await until('it is well', async () => (await node(2).page('/readyz')).body === 'ok\n', 30_000)
    await passesEverywhere()
    const { body } = await node(2).control('GET', '/lockouts')
    expect((body as { lockouts: { id: string }[] }).lockouts.map(({ id }) => id)).toEqual([later])
    await release(node(2), later)
  })

  test('O11: after Redis was emptied and begun anew lockouts hold on every node, and new ones reach every node', async () => {
    const kept = await lockOut(node(0), { asid: world.consumer.asid })
    await everywhere('lockout')
    await redis.stop()
    expect(await Promise.all(nodes.map(verdictOf))).toEqual(['lockout', 'lockout', 'lockout'])
    await redis.start()
    await until('it is refilled', async () => (await redis.cli('HEXISTS', 'ssp:lockouts:records', kept)) === '1', 30_000)
    await until(
      'all are well',
      async () => (await Promise.all(nodes.map((one) => one.page('/readyz')))).every(({ body }) => body === 'ok\n'),
      30_000,
    )
    await release(node(1), kept)
    await passesEverywhere()
  })
})
