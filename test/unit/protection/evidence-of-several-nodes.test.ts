import fc from 'fast-check'
import { lockoutRuleSettings } from '../../../src/protection/lockout-rule-settings.ts'
import {
  createLockoutRules,
  type Evidence,
  type Judgement,
  type LockoutRules,
  type Suspect,
} from '../../../src/protection/lockout-rules.ts'
import type { HeardStatement, Statement } from '../../../src/protection/shared-evidence.ts'

const suspect: Suspect = { kind: 'certificate', value: 'ab'.repeat(32), onlyObserve: false }
const windowMs = 10_000
const blockAt = 9

const settings = lockoutRuleSettings.parse({
  maxIdentities: 100,
  rules: [
    {
      name: 'test',
      counts: { 'wrong-asid': 1, 'refused-by-provider': 1, 'endpoint-probing': 3 },
      windowSeconds: windowMs / 1000,
      stage: 'block',
      slowAt: blockAt,
      blockAt,
      blockForSeconds: 60,
    },
  ],
})

let exchanges = 0
const evidence = (more: Partial<Evidence> = {}): Evidence => ({ suspicion: 'wrong-asid', suspect, exchange: `e${exchanges++}`, ...more })

interface Node {
  readonly rules: LockoutRules
  readonly name: string
  nth: number
  /** What it said last, and when. */
  latest: (HeardStatement & { readonly at: number }) | undefined
}

function nodesOf(count: number): readonly Node[] {
  return Array.from({ length: count }, (_, at) => ({ rules: createLockoutRules(settings), name: `node${at}`, nth: 0, latest: undefined }))
}

/** Puts what a node says before the others, where it stays; whether the node learns that it has arrived is another matter. */
function says(node: Node, now: number): readonly Statement[] {
  const statements = node.rules.tell(10, now)
  for (const one of statements) node.latest = { ...one, node: node.name, run: node.name, nth: ++node.nth, agoMs: 0, at: now }
  return statements
}

/** What the others said last. */
function heardBy(node: Node, nodes: readonly Node[], now: number): readonly HeardStatement[] {
  return nodes.flatMap(({ name, latest }) => (latest === undefined || name === node.name ? [] : [{ ...latest, agoMs: now - latest.at }]))
}

function exchange(node: Node, nodes: readonly Node[], now: number): readonly Judgement[] {
  node.rules.told(says(node, now), now)
  return node.rules.hear(heardBy(node, nodes, now), now)
}

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ node: fc.nat(3), heavy: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('exchange', 'answer-lost', 'hear-again', 'lost'), node: fc.nat(3) }) },
)

describe('evidence of several nodes', () => {
  test('comes to a judgement when its sum on all nodes reaches the threshold and never before, whatever is told again, lost or late', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 40 }), (count, steps) => {
        const nodes = nodesOf(count)
        let total = 0
        const judged: Judgement[] = []
        const take = (found: readonly Judgement[]): void => {
          for (const one of found) {
            expect(one.sum).toBeLessThanOrEqual(total + 1e-6)
            expect(total).toBeGreaterThanOrEqual(blockAt)
            judged.push(one)
          }
        }
        for (const [at, one] of steps.entries()) {
          const node = nodes[one.node % count] as Node
          if ('heavy' in one) {
            total += one.heavy ? 3 : 1
            take(node.rules.judge(evidence({ suspicion: one.heavy ? 'endpoint-probing' : 'wrong-asid' }), at))
          } else if (one.kind === 'exchange') take(exchange(node, nodes, at))
          else if (one.kind === 'answer-lost') says(node, at)
          else if (one.kind === 'hear-again') take(node.rules.hear([...heardBy(node, nodes, at), ...heardBy(node, nodes, at)], at))
          else {
            for (const each of nodes) {
              each.latest = undefined
              each.rules.tellAll(at)
            }
          }
        }
        for (let round = 0; round < 2; round++) for (const node of nodes) take(exchange(node, nodes, steps.length))
        expect(judged.length > 0).toBe(total >= blockAt)
      }),
      { numRuns: 500 },
    )
  })

  test('of which another node has only told is acted on by one whose rule goes further; what was done counts for those that would do less', () => {
    const at = (stage: 'observe' | 'block'): Node => {
      const rules = createLockoutRules({ ...settings, rules: settings.rules.map((rule) => ({ ...rule, stage })) })
      return { rules, name: stage, nth: 0, latest: undefined }
    }
    const nodes = [at('observe'), at('block')] as const
    const [observing, blocking] = nodes
    const told = Array.from({ length: blockAt }, () => observing.rules.judge(evidence(), 1)).flat()
    expect(told).toMatchObject([{ would: 'block', act: 'observe' }])
    for (const one of told) observing.rules.acted(one, 1)
    exchange(observing, nodes, 2)
    blocking.rules.judge(evidence(), 3)
    const done = exchange(blocking, nodes, 4)
    expect(done).toMatchObject([{ would: 'block', act: 'block', others: ['observe'] }])
    for (const one of done) blocking.rules.acted(one, 4)
    exchange(blocking, nodes, 5)
    const third = { ...at('observe'), name: 'third' }
    third.rules.judge(evidence(), 6)
    expect(exchange(third, [third, blocking], 7)).toEqual([])
  })

  test('is judged by no other node once one has acted on it', () => {
    const nodes = nodesOf(3)
    const judged: Judgement[] = []
    for (let at = 0; at < 30; at++) {
      const node = nodes[at % 3] as Node
      for (const one of [...node.rules.judge(evidence(), at), ...exchange(node, nodes, at)]) {
        judged.push(one)
        node.rules.acted(one, at)
        for (const each of [node, ...nodes]) exchange(each, nodes, at)
      }
    }
    expect(judged.map(({ would, others }) => [would, others])).toEqual([['block', ['node0', 'node1']]])
  })

  test('that another node has locked somebody out by makes no node do so again before that runs out, also where it was released', () => {
    const nodes = nodesOf(2)
    const [one, other] = nodes as [Node, Node]
    for (let at = 0; at < 5; at++) one.rules.judge(evidence(), at)
    for (let at = 0; at < 3; at++) other.rules.judge(evidence(), at)
    exchange(one, nodes, 5)
    exchange(other, nodes, 5)
    // The lockout is here before the statement that tells of it.
    other.rules.lockedOut('test', suspect, 'block', 5_000, 6)
    expect(other.rules.judge(evidence(), 7)).toEqual([])
    expect(other.rules.judge(evidence(), 5_006)).toMatchObject([{ would: 'block', sum: 10 }])
    other.rules.lockedOut('another rule', suspect, 'block', 5_000, 5_007)
    other.rules.lockedOut('test', { ...suspect, value: 'of whom nothing is known' }, 'block', 5_000, 5_007)
    expect(other.rules.size).toBe(1)
  })

  test('counts for a node that has forgotten its own, as after a new start', () => {
    const [old, other] = nodesOf(2) as [Node, Node]
    const fresh: Node = { ...(nodesOf(1)[0] as Node), name: 'node0 again' }
    for (let at = 0; at < 5; at++) old.rules.judge(evidence(), at)
    exchange(old, [old], 10)
    for (let at = 0; at < 3; at++) other.rules.judge(evidence(), 20)
    exchange(other, [old, other], 30)
    fresh.rules.judge(evidence(), 40)
    expect(exchange(fresh, [old, other, fresh], 50)).toMatchObject([{ would: 'block', sum: blockAt, others: ['node0', 'node1'] }])
  })

  test('that is older than two windows counts no more, and the time under way counts', () => {
    const [one, other] = nodesOf(2) as [Node, Node]
    for (let at = 0; at < 8; at++) one.rules.judge(evidence(), 0)
    one.rules.told(says(one, 0), 0)
    const late = { ...(one.latest as HeardStatement), agoMs: 2 * windowMs }
    other.rules.judge(evidence(), 1)
    expect(other.rules.hear([late], 1)).toEqual([])
    // Forgotten, it is taken again where its age allows.
    expect(other.rules.hear([{ ...late, agoMs: 5 }], 1)).toMatchObject([{ would: 'block' }])
  })

  test('R4: of refusals by providers three must refuse, on whatever nodes', () => {
    const nodes = nodesOf(3)
    const refusedBy = (at: number, provider: string) => {
      const node = nodes[at] as Node
      const judged = Array.from({ length: 5 }, () => node.rules.judge(evidence({ suspicion: 'refused-by-provider', provider }), at)).flat()
      return [...judged, ...exchange(node, nodes, at)]
    }
    expect([...refusedBy(0, 'A'), ...refusedBy(1, 'B'), ...refusedBy(2, 'B')]).toEqual([])
    expect(refusedBy(2, 'C')).toMatchObject([{ would: 'block' }])
  })

  test('R4: what may only be told helps nobody to lock out', () => {
    const [one, other] = nodesOf(2) as [Node, Node]
    for (let at = 0; at < 8; at++) one.rules.judge(evidence({ suspect: { ...suspect, onlyObserve: true } }), 0)
    exchange(one, [one], 0)
    other.rules.judge(evidence(), 1)
    expect(exchange(other, [one, other], 1)).toEqual([])
    other.rules.judge(evidence({ suspect: { ...suspect, onlyObserve: true } }), 2)
    expect(exchange(other, [one, other], 2)).toMatchObject([{ would: 'block', act: 'observe' }])
  })

  test('R4: a rule that counts otherwise is another rule, and a statement that is none says nothing', () => {
    const [one, other] = nodesOf(2) as [Node, Node]
    const heavier = settings.rules.map((rule) => ({ ...rule, counts: { 'wrong-asid': 100 } }))
    const stranger: Node = { ...one, rules: createLockoutRules({ ...settings, rules: heavier }) }
    stranger.rules.judge(evidence(), 0)
    exchange(stranger, [stranger], 0)
    other.rules.judge(evidence(), 1)
    expect(exchange(other, [stranger, other], 1)).toEqual([])
    const { about } = stranger.latest as HeardStatement
    const nonsense = ['', '{}', '{"rules":[{"rule":"test"}]}', '[]', '{"rules":[],"more":1}']
    expect(
      other.rules.hear(
        nonsense.map((text, nth) => ({ about, says: text, node: 'x', run: 'x', nth, agoMs: 0 })),
        2,
      ),
    ).toEqual([])
  })

  test('names exchanges of every node that counted, the latest of each, no more than a lockout may have', () => {
    const nodes = nodesOf(3)
    const given: string[][] = [[], [], []]
    const give = (at: number, now: number): readonly Judgement[] => {
      const one = evidence({ suspicion: 'refused-by-provider', provider: `P${at}` })
      given[at]?.push(String(one.exchange))
      return (nodes[at] as Node).rules.judge(one, now)
    }
    for (let now = 0; now < 3; now++) give(0, now)
    exchange(nodes[0] as Node, nodes, 3)
    for (let now = 4; now < 40; now++) give(1, now)
    exchange(nodes[1] as Node, nodes, 40)
    give(2, 41)
    const [judged] = exchange(nodes[2] as Node, nodes, 42)
    expect(judged?.exchanges).toEqual([...(given[0] as string[]), ...(given[1] as string[]).slice(-16), ...(given[2] as string[])])
    const [many] = [createLockoutRules(settings)]
    const from = (node: number): HeardStatement => {
      const rules = createLockoutRules(settings)
      for (let nth = 0; nth < 8; nth++) rules.judge(evidence({ exchange: `${node}-${nth}` }), nth)
      return { ...(rules.tell(1, 10)[0] as Statement), node: `n${node}`, run: `n${node}`, nth: 1, agoMs: 0 }
    }
    many?.judge(evidence(), 10)
    const [all] = many?.hear([1, 2, 3, 4, 5, 6, 7].map(from), 10) ?? []
    expect(all?.exchanges).toHaveLength(32)
    expect(new Set(all?.exchanges.map((exchange) => exchange.split('-')[0])).size).toBe(8)
  })

  test('presses where what the others have not told either may reach a threshold, and not before, nor once it has been acted on', () => {
    const nodes = nodesOf(3)
    for (let at = 0; at < 2; at++) for (const { rules } of nodes) rules.judge(evidence(), at)
    for (const node of [...nodes, ...nodes]) exchange(node, nodes, 2)
    const [one] = nodes as [Node]
    expect([one.rules.untold, one.rules.presses]).toEqual([0, false])
    const [judged] = Array.from({ length: 3 }, (_, at) => {
      const found = one.rules.judge(evidence(), 3 + at)
      // 6 are known; of one more here, and so of one more on each of two others, there are 9.
      expect(one.rules.presses).toBe(true)
      return found
    }).flat()
    expect(judged?.sum).toBe(blockAt)
    exchange(one, nodes, 10)
    one.rules.acted(judged as Judgement, 11)
    expect(one.rules.presses).toBe(true)
    exchange(one, nodes, 12)
    expect([one.rules.untold, one.rules.presses]).toEqual([0, false])
  })

  test('is kept of no more identities than the settings say, of other nodes neither', () => {
    const rules = createLockoutRules(settings)
    for (let nth = 0; nth < 1_000; nth++) rules.judge(evidence({ suspect: { ...suspect, value: `v${nth}` } }), nth)
    expect([rules.size, rules.untold]).toEqual([100, 100])
    expect(rules.tell(1_000, 1_000)).toHaveLength(100)
  })
})
