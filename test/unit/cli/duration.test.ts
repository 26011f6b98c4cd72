import fc from 'fast-check'
import { parseDuration } from '../../../src/cli/duration.ts'

describe('a duration', () => {
  test.each([
    ['90s', 90],
    ['15m', 900],
    ['1h', 3600],
    ['7d', 604_800],
  ])('%s is %d seconds', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds)
  })

  test.each(['', '1', 'h', '0h', '-1h', '1.5h', '1 h', '1H', '1w', '99999999999s', '1h1m'])('is not "%s"', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })

  test('is a positive whole number of seconds or nothing, whatever is written', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const seconds = parseDuration(text)
        return seconds === undefined || (Number.isSafeInteger(seconds) && seconds > 0)
      }),
    )
  })
})
