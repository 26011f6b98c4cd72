import { didYouMean } from '../../../src/app/did-you-mean.ts'

describe('a suggestion', () => {
  test.each([
    ['prot', 'port'],
    ['Port', 'port'],
    ['requests_per_second', 'requestsPerSecond'],
    ['requestPerSecond', 'requestsPerSecond'],
  ])('for %s is %s', (written, meant) => {
    expect(didYouMean(written, ['host', 'port', 'requestsPerSecond'])).toBe(meant)
  })

  test('is not made where nothing is near', () => {
    expect(didYouMean('certificate', ['host', 'port'])).toBeUndefined()
    expect(didYouMean('x'.repeat(100_000), ['host'])).toBeUndefined()
    expect(didYouMean('', ['host'])).toBeUndefined()
  })
})
