import { setTimeout as pause } from 'node:timers/promises'
import type { LockoutRuleSettings } from '../../src/protection/lockout-rule-settings.ts'
import { type EvidenceNode, evidenceAgainst, oneRule } from '../support/evidence-nodes.ts'
import { until } from '../support/until.ts'

let suspects = 0
/** The number of a suspect that no test has named before. */
export function freshSuspect(): number {
  return process.pid * 10_000 + suspects++
}

/** What counting together promises, whoever keeps what nodes say. `open` gives so many nodes that are meant to share. */
export function evidenceConforms(name: string, open: (settings: LockoutRuleSettings) => Promise<readonly EvidenceNode[]>): void {
  describe(`evidence shared by ${name}`, () => {
    let nodes: readonly EvidenceNode[] = []
    afterEach(async () => {
      for (const node of nodes) await node.end()
    })
    const judged = () => nodes.flatMap((node) => node.judged)

    test('of one who spreads evenly over all nodes is judged at the threshold, with exchanges of each of them', async () => {
      nodes = await open(oneRule())
      const suspect = freshSuspect()
      for (let given = 1; given <= 9; given++) {
        const node = nodes[given % nodes.length] as EvidenceNode
        expect(judged()).toEqual([])
        node.suspected(evidenceAgainst(suspect, `${node.name}-${given}`))
        if (given % nodes.length === 0) for (const one of nodes) await one.settled()
      }
      const [found] = await until('it is judged', () => judged().length > 0 && judged())
      expect(found).toMatchObject({ would: 'block', act: 'block', sum: 9 })
      expect(new Set(found?.exchanges.map((exchange) => exchange.split('-')[0]))).toEqual(new Set(nodes.map((node) => node.name)))
      expect(found?.others).toHaveLength(nodes.length - 1)
    })

    test('that comes fast is judged when not much more than the threshold has come', async () => {
      const blockAt = 30
      nodes = await open(oneRule({ slowAt: blockAt, blockAt }))
      const suspect = freshSuspect()
      let given = 0
      for (; judged().length === 0; given++) {
        nodes[given % nodes.length]?.suspected(evidenceAgainst(suspect, `e${given}`))
        await pause(30)
      }
      expect(given).toBeGreaterThanOrEqual(blockAt)
      expect(given).toBeLessThan(blockAt * 1.5)
    })

    test('is acted on once: who acted tells, and nobody else judges the same again', async () => {
      nodes = await open(oneRule())
      const suspect = freshSuspect()
      const give = async (times: number) => {
        for (let nth = 0; nth < times; nth++) for (const node of nodes) node.suspected(evidenceAgainst(suspect, 'e'))
        for (const node of nodes) await node.settled()
      }
      await give(Math.ceil(8 / nodes.length) - 1)
      const [first] = nodes as [EvidenceNode]
      for (let nth = 0; nth < 8 && judged().length === 0; nth++) first.suspected(evidenceAgainst(suspect, 'e'))
      const [one] = judged()
      if (one === undefined) throw new Error('it is judged by the node that saw enough')
      first.acted(one)
      await first.settled()
      for (let round = 0; round < 3; round++) await give(1)
      expect(judged()).toEqual([one])
    })

    test('lets one of several act that see the same at once, and others after a while', async () => {
      nodes = await open(oneRule())
      const act = `block:${freshSuspect()}`
      const claims = await Promise.all(nodes.map(({ shared }) => shared.claim(act, 500)))
      expect(claims.filter((first) => first)).toHaveLength(1)
      expect(await nodes[0]?.shared.claim(`${act} again`, 500)).toBe(true)
      await until('another may act', async () => nodes.at(-1)?.shared.claim(act, 500))
    })
  })
}
