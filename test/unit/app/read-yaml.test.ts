import fc from 'fast-check'
import { parse } from 'yaml'
import { findPlace, placeText, plainValue } from '../../../src/app/placed-value.ts'
import { readYaml } from '../../../src/app/read-yaml.ts'

describe('a YAML text', () => {
  test('is read with the place of every part', () => {
    const { value, problems } = readYaml('a:\n  - b\n  - c: 1\nd: null\n', 'f')
    expect(problems).toEqual([])
    expect(plainValue(value)).toEqual({ a: ['b', { c: 1 }], d: null })
    expect(placeText(findPlace(value, ['a', 1, 'c']).place)).toBe('f:3:5')
    expect(findPlace(value, ['a', 2, 'x'])).toMatchObject({ reached: false, place: { line: 1 } })
    expect(findPlace(value, ['d', 'x'])).toMatchObject({ reached: false, place: { line: 4 } })
  })

  test('keeps numeric keys as they are written', () => {
    expect(plainValue(readYaml('010: a\n200000000359: b\ntrue: c', 'f').value)).toEqual({ '010': 'a', '200000000359': 'b', true: 'c' })
  })

  test('gives what its JSON means, whatever the JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue({ maxDepth: 3 })), (object) => {
        const text = JSON.stringify(object)
        fc.pre(!text.includes('__proto__'))
        const { value, problems } = readYaml(text, 'f')
        if (problems.length === 0) expect(plainValue(value)).toEqual(parse(text) ?? {})
      }),
    )
  })

  test('never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readYaml(text, 'f')))
  })

  test.each([
    ['100,000 keys', Array.from({ length: 100_000 }, (_, index) => `k${index}: 1`).join('\n')],
    ['200,000 aliases', `a: &a x\nb: [${'*a,'.repeat(200_000)}]`],
    ['200,000 open brackets', '['.repeat(200_000)],
    ['200,000 tags', '!a '.repeat(200_000)],
  ])(
    'of %s is read or refused in seconds of CPU time',
    (_, text) => {
      const before = process.cpuUsage()
      readYaml(text, 'f')
      const { user, system } = process.cpuUsage(before)
      // A tenth of that on a machine that is not busy; what grows with the square of its size would take hours.
      expect((user + system) / 1_000_000).toBeLessThan(60)
    },
    180_000,
  )
})
