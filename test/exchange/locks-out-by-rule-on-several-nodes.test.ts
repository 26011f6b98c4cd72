import { type Answer, call } from '../support/consumer.ts'
import { everyRefusalRecorded } from '../support/expect-refusal.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { type ClusterNode, startCluster } from '../support/start-cluster.ts'
import { world } from '../support/start-world.ts'
import { metricOn } from '../support/start-world-process.ts'
import { until } from '../support/until.ts'

const blockAt = 9

interface Listed {
  readonly id: string
  readonly author: string
  readonly evidence: readonly string[]
}

whereInstalled('redis-server', (program) => {
  test('R4: who spreads what it does evenly over three nodes is locked out on all of them at the threshold, once, by exchanges of each', async () => {
    const redis = await startRedisServer(program)
    const rule = { name: 'test', counts: { 'wrong-asid': 1 }, stage: 'block', slowAt: blockAt, blockAt }
    const settings = { ...everyRefusalRecorded, lockoutRules: { rules: [rule] } }
    const nodes = await startCluster({ redisPorts: [redis.port, redis.port, redis.port], settings })
    try {
      const wrong = (on: ClusterNode): Promise<Answer> => call(on, { headers: { 'Ssp-From': world.stranger.asid } })
      const lockoutsOf = async (on: ClusterNode): Promise<readonly Listed[]> =>
        ((await on.control('GET', '/lockouts')).body as { lockouts: Listed[] }).lockouts
      const allTold = async (): Promise<boolean> => {
        const pages = await Promise.all(nodes.map((one) => one.page('/metrics')))
        return pages.every(({ body }) => metricOn(body, 'ssp_lockout_evidence_untold') === 0)
      }
      const judgements = async (): Promise<number> => {
        const pages = await Promise.all(nodes.map((one) => one.page('/metrics')))
        const counted = pages.flatMap(({ body }) => [...body.matchAll(/^ssp_lockout_rule_judgements_total\{.*\} (\d+)$/gm)])
        return counted.reduce((sum, [, count]) => sum + Number(count), 0)
      }
      const refused: string[] = []
      for (let round = 0; round < blockAt / nodes.length; round++) {
        expect((await Promise.all(nodes.map(lockoutsOf))).flat()).toEqual([])
        for (const node of nodes) refused.push((await wrong(node)).exchange)
        await until('each has told the others', allTold)
      }
      // A call on its way when the lockout comes is cut.
      const ruleOn = (on: ClusterNode): Promise<string> =>
        call(on).then(
          ({ verdict }) => verdict.rule,
          () => 'cut',
        )
      await until('it is locked out everywhere', async () => (await Promise.all(nodes.map(ruleOn))).every((found) => found === 'lockout'))
      const lists = await Promise.all(nodes.map(lockoutsOf))
      expect(lists.map((list) => list.length)).toEqual([1, 1, 1])
      expect(lists[0]?.[0]).toMatchObject({ author: 'rule:test' })
      expect(lists[0]?.[0]?.evidence.toSorted()).toEqual(refused.toSorted())
      const told = nodes.flatMap((node) =>
        node.audit().flatMap((entry) => (entry.type === 'operation' && entry.act === 'lockout-rule' ? [{ on: node.name, entry }] : [])),
      )
      expect(told.length).toBeGreaterThanOrEqual(1)
      for (const { on, entry } of told) {
        const others = nodes.map(({ name }) => name).filter((name) => name !== on)
        expect(String(entry.detail['others']).split(' ').sort()).toEqual(others)
      }
      expect((await nodes[1]?.control('DELETE', `/lockouts/${lists[0]?.[0]?.id}`))?.status).toBe(200)
      await until('it may call again', async () =>
        (await Promise.all(nodes.map((node) => call(node)))).every(({ status }) => status === 200),
      )
      const before = await judgements()
      // What was found enough has been acted on: one call more does not lock out whom an operator has let in.
      for (const node of nodes) await wrong(node)
      await until('each has told the others', allTold)
      expect([await judgements(), await Promise.all(nodes.map(lockoutsOf))]).toEqual([before, [[], [], []]])
    } finally {
      for (const node of nodes) await node.close()
      await redis.close()
    }
  })
})
