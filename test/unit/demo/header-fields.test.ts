import fc from 'fast-check'
import { dictionaryOf, durationsOf } from '../../../demo/header-fields.ts'

test('a dictionary’s tokens, strings, numbers and bytes are read as text', () => {
  const header = 'origin=consumer, rule="sender-interaction", id="4f\\"x", n=17;p=1, leaf=:YWJj+/==:'
  expect(Object.fromEntries(dictionaryOf(header))).toMatchObject({
    origin: 'consumer',
    rule: 'sender-interaction',
    id: '4f"x',
    n: '17',
    leaf: 'YWJj+/==',
  })
})

test('the durations of Server-Timing keep their order; metrics without one are left out', () => {
  expect(durationsOf('checks;dur=0.41, cache;desc="x", provider;desc="y";dur=12')).toEqual([
    { name: 'checks', milliseconds: 0.41 },
    { name: 'provider', milliseconds: 12 },
  ])
  expect(durationsOf('')).toEqual([])
})

test('no header is too strange or too long', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      dictionaryOf(text)
      durationsOf(text)
    }),
  )
  const began = performance.now()
  for (const part of ['a="\\', 'a=', '=,;', ';dur=', '"', 'a=:']) {
    dictionaryOf(part.repeat(100_000))
    durationsOf(part.repeat(100_000))
  }
  expect(performance.now() - began).toBeLessThan(2000)
})
