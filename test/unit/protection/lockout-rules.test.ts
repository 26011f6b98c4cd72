import fc from 'fast-check'
import { lockoutRuleSettings } from '../../../src/protection/lockout-rule-settings.ts'
import { createLockoutRules, type Evidence, type Suspect } from '../../../src/protection/lockout-rules.ts'
import { addTo, noSum, sumAt } from '../../../src/protection/recent-sum.ts'
import type { Suspicion } from '../../../src/spine/suspicion.ts'

const suspect: Suspect = { kind: 'certificate', value: 'ab'.repeat(32), onlyObserve: false }

function rulesOf(stage: 'observe' | 'slow' | 'block', more: object = {}, settings: object = {}) {
  const counts: Partial<Record<Suspicion, number>> = { 'wrong-asid': 1, 'refused-by-provider': 1 }
  const rule = { name: 'test', counts, windowSeconds: 10, stage, slowAt: 3, blockAt: 5, slowForSeconds: 20, blockForSeconds: 60, ...more }
  return createLockoutRules(lockoutRuleSettings.parse({ rules: [rule], ...settings }))
}

let exchanges = 0
function evidence(suspicion: Suspicion = 'wrong-asid', more: Partial<Evidence> = {}): Evidence {
  return { suspicion, suspect, exchange: `e${exchanges++}`, ...more }
}

describe('rules about lockouts', () => {
  test.each([
    ['observe', ['observe', 'observe']],
    ['slow', ['slow', 'slow']],
    ['block', ['slow', 'block']],
  ] as const)('at the stage %s go no further than that, and tell what they would do', (stage, acts) => {
    const rules = rulesOf(stage)
    const judged = Array.from({ length: 8 }, (_, at) => rules.judge(evidence(), at)).flat()
    expect(judged.map(({ would, act }) => [would, act])).toEqual([
      ['slow', acts[0]],
      ['block', acts[1]],
    ])
    expect(judged[1]?.exchanges).toHaveLength(5)
  })

  test('that are shipped only observe', () => {
    const { rules } = lockoutRuleSettings.parse({})
    expect(rules.length).toBeGreaterThan(0)
    expect(rules.every(({ stage }) => stage === 'observe')).toBe(true)
    expect(new Set(rules.flatMap(({ counts }) => Object.keys(counts))).size).toBe(5)
  })

  test('forget what is older than two windows, and count the one before by its share', () => {
    const rules = rulesOf('block')
    expect(Array.from({ length: 2 }, () => rules.judge(evidence(), 0)).flat()).toEqual([])
    expect(rules.judge(evidence(), 15_000)).toEqual([])
    expect(rules.judge(evidence(), 40_000)).toEqual([])
    expect(Array.from({ length: 2 }, () => rules.judge(evidence(), 40_000)).flat()).toMatchObject([{ would: 'slow' }])
  })

  test('tell the same again only when what they did has run out', () => {
    const rules = rulesOf('block')
    const at = (now: number, times: number) => Array.from({ length: times }, () => rules.judge(evidence(), now)).flat()
    expect(at(0, 20).map(({ act }) => act)).toEqual(['slow', 'block'])
    expect(at(59_999, 20).map(({ act }) => act)).toEqual(['slow'])
    expect(at(60_000, 20).map(({ act }) => act)).toEqual(['block'])
  })

  test('R4: one provider alone, however often it refuses, makes nobody locked out; three do', () => {
    const rules = rulesOf('block')
    const refusedBy = (provider: string, now: number) => rules.judge(evidence('refused-by-provider', { provider }), now)
    expect(Array.from({ length: 1_000 }, () => refusedBy('A', 0)).flat()).toEqual([])
    expect(Array.from({ length: 1_000 }, () => refusedBy('B', 1)).flat()).toEqual([])
    expect(refusedBy('C', 2)).toMatchObject([{ would: 'block' }])
  })

  test('R4: refusals by three providers count only where they come within one window', () => {
    const rules = rulesOf('block')
    const refusedBy = (provider: string, now: number) =>
      Array.from({ length: 10 }, () => rules.judge(evidence('refused-by-provider', { provider }), now)).flat()
    expect([...refusedBy('A', 0), ...refusedBy('B', 10_001), ...refusedBy('C', 20_002)]).toEqual([])
  })

  test('R4: where nothing proves which system of a shared certificate it was, nothing is done but told', () => {
    const rules = rulesOf('block')
    const shared = { ...suspect, onlyObserve: true }
    const judged = Array.from({ length: 10 }, () => rules.judge(evidence('wrong-asid', { suspect: shared }), 0)).flat()
    expect(judged.map(({ act }) => act)).toEqual(['observe', 'observe'])
  })

  test('R4: evidence against one counts against nobody else', () => {
    const rules = rulesOf('block')
    const others = Array.from({ length: 100 }, (_, at) => ({ ...suspect, value: String(at).padStart(64, '0') }))
    expect(others.flatMap((one) => rules.judge(evidence('wrong-asid', { suspect: one }), 0))).toEqual([])
  })

  test('keep no more identities than the settings say, whatever the number seen', () => {
    const rules = rulesOf('block', {}, { maxIdentities: 100 })
    for (let at = 0; at < 10_000; at++) rules.judge(evidence('wrong-asid', { suspect: { ...suspect, value: `v${at}` } }), at)
    expect(rules.size).toBe(100)
  })

  test('keep nothing of evidence that no rule counts', () => {
    const rules = rulesOf('block')
    expect(rules.judge(evidence('token-forgery'), 0)).toEqual([])
    expect(rules.size).toBe(0)
  })

  test('the sum is never more than what came within two windows, and never less than what came within the present one', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5_000), fc.integer({ min: 1, max: 9 })), { maxLength: 50 }), (steps) => {
        const seen: { at: number; amount: number }[] = []
        let now = 0
        let sum = noSum
        for (const [pause, amount] of steps) {
          now += pause
          sum = addTo(sum, amount, now, 10_000)
          seen.push({ at: now, amount })
        }
        const within = (from: number) => seen.filter(({ at }) => at >= from).reduce((total, { amount }) => total + amount, 0)
        const found = sumAt(sum, now, 10_000)
        expect(found).toBeLessThanOrEqual(within(now - 20_000))
        expect(found).toBeGreaterThanOrEqual(within(Math.floor(now / 10_000) * 10_000))
      }),
    )
  })
})
