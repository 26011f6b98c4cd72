import { lockOutOnce, takeBackDoubles } from '../../src/app/lock-out-once.ts'
import { openLog } from '../../src/lib/logger.ts'
import { noOthersEvidence } from '../../src/protection/shared-evidence.ts'
import type { LockoutEffect } from '../../src/state/lockouts.ts'
import { closedAfterEach } from '../support/closed-after-each.ts'
import { evidenceNodes, oneRule } from '../support/evidence-nodes.ts'
import { startLockoutNodes } from '../support/lockout-nodes.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { startRedisServer } from '../support/redis-server.ts'

import { startTcpRelay } from '../support/tcp-relay.ts'
import { until } from '../support/until.ts'

const silentLogger = openLog({ level: 'silent', format: 'json' }).logger

whereInstalled('redis-server', (program) => {
  const closing = closedAfterEach()

  /** Three nodes, the last of which a relay can cut off. */
  async function cluster() {
    const redis = await startRedisServer(program)
    closing.push(redis.close)
    const relay = await startTcpRelay(redis.port)
    closing.push(relay.close)
    const ports = [redis.port, redis.port, relay.port]
    const { nodes, close } = await startLockoutNodes(ports, 'ssp:')
    closing.push(close)
    const evidence = await evidenceNodes(
      ports.map((port) => ({ port, commandTimeoutMs: 300 })),
      oneRule(),
    )
    closing.push(() => Promise.all(evidence.map((node) => node.end())))
    await until('all know of all', () => nodes.every(({ lockouts }) => lockouts.health.ok))
    for (const node of nodes) takeBackDoubles(node.lockouts, node.name, silentLogger)
    const lists = () => nodes.map(({ lockouts }) => lockouts.list())
    const agreed = (count: number) =>
      until('all have the same', () => lists().every((list) => list.length === count && list[0]?.id === lists()[0]?.[0]?.id) && lists()[0])
    return { nodes, shared: evidence.map((node) => node.shared), relay, agreed, lists }
  }
  const selector = { kind: 'certificate', value: 'ab'.repeat(32) } as const
  const request = (forSeconds: number, effect: LockoutEffect = 'block') => ({ selector, effect, reason: 'rule test', forSeconds })

  test('several nodes that see the same at once make one lockout', async () => {
    const { nodes, shared, agreed } = await cluster()
    let made = 0
    for (const { lockouts } of nodes) lockouts.onChange(({ type }) => (made += type === 'added' ? 1 : 0))
    await Promise.all(nodes.map(({ lockouts }, at) => lockOutOnce(lockouts, shared[at] ?? noOthersEvidence, request(60), 'rule:test')))
    await agreed(1)
    expect(made).toBe(nodes.length)
  })

  test('where the one that was to act does not, another does', async () => {
    const { nodes, shared, agreed } = await cluster()
    expect(await shared[0]?.claim(`block:certificate:${selector.value}`, 60_000)).toBe(true)
    await lockOutOnce((nodes[1] as (typeof nodes)[0]).lockouts, shared[1] ?? noOthersEvidence, request(60), 'rule:test')
    expect(await agreed(1)).toMatchObject([{ node: 'node2' }])
  })

  test('R2: what nodes that did not hear of each other did twice is one again once they do: the longest stays; what a person made stays too', async () => {
    const { nodes, shared, relay, agreed } = await cluster()
    const [near, , far] = nodes as [(typeof nodes)[0], (typeof nodes)[0], (typeof nodes)[0]]
    relay.cut()
    await until('it misses redis', () => !far.lockouts.health.ok)
    await lockOutOnce(near.lockouts, shared[0] ?? noOthersEvidence, request(60), 'rule:one')
    await lockOutOnce(far.lockouts, shared[2] ?? noOthersEvidence, request(600), 'rule:other')
    relay.mend()
    expect(await agreed(1)).toMatchObject([{ node: 'node3', author: 'rule:other', state: 'inForce' }])
    await near.lockouts.add(request(60), 'socket:1000')
    await until('that is everywhere', () => nodes.every(({ lockouts }) => lockouts.list().length === 2))
  })

  test('a block does what slowing down would, not the other way round; nobody else is meant', async () => {
    const { nodes, shared, lists } = await cluster()
    const [{ lockouts }] = nodes as [(typeof nodes)[0]]
    const effects = () => lists()[0]?.map(({ effect }) => effect)
    const once = (effect: LockoutEffect) => lockOutOnce(lockouts, shared[0] ?? noOthersEvidence, request(60, effect), 'rule:test')
    await once('slow')
    await once('slow')
    expect(effects()).toEqual(['slow'])
    await once('block')
    await once('slow')
    expect(effects()).toEqual(['slow', 'block'])
  })
})
