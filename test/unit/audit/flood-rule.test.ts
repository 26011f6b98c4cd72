import fc from 'fast-check'
import { createFloodRule, createRefusalCounts } from '../../../src/audit/flood-rule.ts'

const limits = { perKeyPerSecond: 10, perProcessPerSecond: 100 }

describe('the flood rule', () => {
  test('admits ten a second of one address, then names the address', () => {
    const rule = createFloodRule(() => limits)
    const answers = Array.from({ length: 12 }, () => rule.over('10.0.0.1', undefined, 0))
    expect(answers.slice(0, 10)).toEqual(new Array(10).fill(undefined))
    expect(answers.slice(10)).toEqual(['10.0.0.1', '10.0.0.1'])
    expect(rule.over('10.0.0.2', undefined, 999)).toBeUndefined()
    expect(rule.over('10.0.0.1', undefined, 999)).toBe('10.0.0.1')
    expect(rule.over('10.0.0.1', undefined, 1000)).toBeUndefined()
  })

  test('limits a certificate that comes from many addresses', () => {
    const rule = createFloodRule(() => limits)
    const answers = Array.from({ length: 11 }, (_, n) => rule.over(`10.0.0.${n}`, 'abc', 0))
    expect(answers.at(-1)).toBe('abc')
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(10)
  })

  test('admits a hundred a second in the process, whatever the addresses', () => {
    const rule = createFloodRule(() => limits)
    const answers = Array.from({ length: 5000 }, (_, n) => rule.over(`2001:db8::${n}`, undefined, n / 10))
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(100)
    expect(answers.at(-1)).toBe('*')
  })

  test('a clock at its very start admits', () => {
    expect(createFloodRule(() => limits).over('a', undefined, 0)).toBeUndefined()
  })
})

describe('refusal counts', () => {
  test('add up, whatever is counted, in a bounded number of lines', () => {
    const call = fc.record({
      rule: fc.constantFrom('a', 'b'),
      status: fc.constantFrom(400, 429),
      key: fc.nat(500).map(String),
      count: fc.nat(9),
    })
    fc.assert(
      fc.property(fc.array(call, { maxLength: 1000 }), (calls) => {
        const counts = createRefusalCounts()
        for (const one of calls) counts.add(one, 7)
        const lines = counts.take()?.counts ?? []
        expect(lines.length).toBeLessThanOrEqual(104)
        for (const rule of ['a', 'b']) {
          const given = calls.filter((one) => one.rule === rule).reduce((sum, one) => sum + one.count, 0)
          expect(lines.filter((line) => line.rule === rule).reduce((sum, line) => sum + line.count, 0)).toBe(given)
        }
      }),
    )
  })

  test('keep the time of the first call and begin anew after a taking', () => {
    const counts = createRefusalCounts()
    expect(counts.take()).toBeUndefined()
    counts.add({ rule: 'a', status: 429, key: 'x', count: 1 }, 5)
    counts.add({ rule: 'a', status: 429, key: 'x', count: 1 }, 9)
    expect(counts.take()).toEqual({ since: 5, counts: [{ rule: 'a', status: 429, key: 'x', count: 2 }] })
    expect(counts.take()).toBeUndefined()
  })
})
