import fc from 'fast-check'
import { parseStrictJson } from '../../../src/spine/strict-json.ts'

test('it reads any JSON as JSON.parse does', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 5 }), (text) => {
      expect(parseStrictJson(text, 50)).toEqual({ value: JSON.parse(text) })
    }),
  )
})

test('whatever JSON.parse refuses, it refuses, and it never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\u0061ab1 e-.\n'.split('')), maxLength: 40 }), (text) => {
      const parsed = parseStrictJson(text, 10)
      let known: unknown
      let valid = true
      try {
        known = JSON.parse(text)
      } catch {
        valid = false
      }
      if ('value' in parsed) expect([valid, parsed.value]).toEqual([true, known])
      else if (valid) expect(parsed.fault).toMatch(/twice|deeper/)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  '{"a":1,"a":2}',
  '{"a":1,"b":{"c":1,"c":1}}',
  '[{"a":1,"\\u0061":2}]',
  '{"":1,"":2}',
  '{"__proto__":1,"__proto__":2}',
  '{"a":[{"a":1}],"a":1}',
])('%s has a member twice', (text) => {
  expect(parseStrictJson(text, 10)).toEqual({ fault: 'a member stands twice in an object' })
})

test.each(['{"a":{"a":{"a":1}}}', '[{"a":1},{"a":2}]', '{"a":"a","b":"a"}', '{"a":["a","a"]}', '{"a":"{\\"a\\":1}"}'])(
  '%s has none twice',
  (text) => {
    expect(parseStrictJson(text, 10)).toEqual({ value: JSON.parse(text) })
  },
)

test('levels are counted, in objects and arrays alike', () => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    expect(parseStrictJson(`${open.repeat(5)}1${close.repeat(5)}`, 5)).toHaveProperty('value')
    expect(parseStrictJson(`${open.repeat(6)}1${close.repeat(6)}`, 5)).toEqual({ fault: 'it is nested deeper than 5 levels' })
  }
  expect(parseStrictJson('['.repeat(1_000_000), 20)).toHaveProperty('fault')
})

test('__proto__ is a member like any other, and pollutes nothing', () => {
  const parsed = parseStrictJson('{"__proto__":{"polluted":1}}', 10) as { value: object }
  expect(Object.hasOwn(parsed.value, '__proto__')).toBe(true)
  expect(({} as { polluted?: number }).polluted).toBeUndefined()
})

test('D9: members that would fall into one place of a table, and nesting and escapes without end, cost linear time', () => {
  // Names that are array indices are hashed by their number, others by a secret seed.
  const colliding = Array.from({ length: 100_000 }, (_, at) => `"${at * 4096}":1`).join(',')
  const alike = Array.from({ length: 100_000 }, (_, at) => `"${'a'.repeat(20)}${at}":1`).join(',')
  const texts = [
    `{${colliding}}`,
    `{${alike}}`,
    '['.repeat(1_000_000),
    `"${'\\\\'.repeat(1_000_000)}`,
    `{"a":"${'\\"'.repeat(1_000_000)}"}`,
    ':'.repeat(1_000_000),
  ]
  const started = performance.now()
  for (const text of texts) parseStrictJson(text, 32)
  // Quadratic would be hours.
  expect(performance.now() - started).toBeLessThan(5_000)
})
