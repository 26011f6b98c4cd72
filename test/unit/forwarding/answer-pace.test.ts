import { AnswerPace } from '../../../src/forwarding/answer-pace.ts'

const limits = { minimumBytesPerSecond: 1000, minimumRateAfterSeconds: 60 }

describe('the pace of an answer', () => {
  test('is not judged before the first span has passed', () => {
    expect(new AnswerPace().isTooSlow(0, 59_999, 0, limits)).toBe(false)
  })

  test.each([
    [59_999, true],
    [60_000, false],
  ])('with %i bytes in 60 s is too slow: %s', (bytes, slow) => {
    expect(new AnswerPace().isTooSlow(0, 60_000, bytes, limits)).toBe(slow)
  })

  test('is too slow in a later span, however fast it began', () => {
    const pace = new AnswerPace()
    expect(pace.isTooSlow(0, 60_000, 1_000_000_000, limits)).toBe(false)
    expect(pace.isTooSlow(0, 100_000, 1_000_000_000, limits)).toBe(false)
    expect(pace.isTooSlow(0, 125_000, 1_000_010_000, limits)).toBe(true)
  })
})
