import type { Want } from '../../src/protection/allowances.ts'
import { type PartyLimit, rateOf } from '../../src/protection/party-limit.ts'
import { type LimitNode, offer, sum } from '../support/limit-nodes.ts'

let parties = 0

/** A limit on a party that no test has named before. */
export function fresh(limit: PartyLimit, dimension = 'system'): Want {
  return { dimension, party: `party ${process.pid} ${parties++}`, limit, observe: false }
}

/** What limits promise, whoever keeps them. `open` gives so many nodes that are meant to share them. */
export function allowancesConform(name: string, open: () => Promise<readonly LimitNode[]>): void {
  describe(`limits kept by ${name}`, () => {
    let nodes: readonly LimitNode[] = []
    beforeEach(async () => {
      nodes = await open()
    })
    afterEach(async () => {
      for (const node of nodes) await node.close()
    })

    /** No more than the bucket holds and earns, and one request a node besides; and, where more is wanted, not much less: of a small limit the nodes hold what they need for a second. */
    function expectWithin({ passed, reference, seconds }: Awaited<ReturnType<typeof offer>>, perSecond: number, burst: number): void {
      const exact = burst + perSecond * seconds
      const overshoot = perSecond < 100 ? nodes.length : Math.max(nodes.length, exact * 0.05)
      expect(sum(passed)).toBeLessThanOrEqual(exact + overshoot)
      expect(sum(passed)).toBeGreaterThanOrEqual(reference * (nodes.length > 1 && perSecond < 100 ? 0.8 : 0.95) - nodes.length)
    }

    test('a large limit under an even load is kept, and used', async () => {
      const load = await offer(
        nodes,
        fresh({ rate: rateOf(300, 60) }),
        nodes.map(() => 1_200 / nodes.length),
        3,
      )
      expectWithin(load, 300, 60)
    })

    test('a large limit under a load that is nearly all at one node', async () => {
      const load = await offer(nodes, fresh({ rate: rateOf(300, 60) }), [900, 45, 5].slice(0, nodes.length), 3)
      expectWithin(load, 300, 60)
    })

    test('a small limit, evenly and unevenly', async () => {
      expectWithin(
        await offer(
          nodes,
          fresh({ rate: rateOf(20, 20) }),
          nodes.map(() => 100 / nodes.length),
          4,
        ),
        20,
        20,
      )
      expectWithin(await offer(nodes, fresh({ rate: rateOf(20, 20) }), [100, 10, 1].slice(0, nodes.length), 4), 20, 20)
    })

    test('a tiny limit: no more than one call a node too many', async () => {
      const { passed } = await offer(
        nodes,
        fresh({ rate: rateOf(0.001, 2) }),
        nodes.map(() => 50),
        2,
      )
      expect(sum(passed)).toBeGreaterThanOrEqual(2)
      expect(sum(passed)).toBeLessThanOrEqual(2 + (nodes.length === 1 ? 0 : nodes.length))
    })

    test('within the limit everything passes, also where much comes at once after the process was held up', async () => {
      const holdUp = setTimeout(() => {
        for (const until = performance.now() + 700; performance.now() < until; ) Math.random()
      }, 500)
      const { passed, offered } = await offer(
        nodes,
        fresh({ rate: rateOf(400, 400) }),
        nodes.map(() => 200 / nodes.length),
        2,
      )
      clearTimeout(holdUp)
      expect(passed).toEqual(offered)
    })

    test('a refused call takes nothing of its other limits', async () => {
      const [node] = nodes as readonly [LimitNode]
      const wide = fresh({ rate: rateOf(1, 1_000), concurrent: 3 * nodes.length }, 'organisation')
      const none = fresh({ concurrent: 1 })
      const held = node.allowances.take([none], 0)
      for (let i = 0; i < 500; i++) expect(node.allowances.take([wide, none], 0).taken).toBe(false)
      if (held.taken) held.holding.release()
      expect(node.allowances.take([wide, none], 0).taken).toBe(true)
    })

    test('parties and dimensions have nothing to do with each other', async () => {
      const [node] = nodes as readonly [LimitNode]
      const one = fresh({ rate: rateOf(0.001, 1) })
      expect(node.allowances.take([one], 0).taken).toBe(true)
      expect(node.allowances.take([{ ...one, dimension: 'organisation' }], 0).taken).toBe(true)
      expect(node.allowances.take([{ ...one, party: 'another' }], 0).taken).toBe(true)
    })
  })
}
