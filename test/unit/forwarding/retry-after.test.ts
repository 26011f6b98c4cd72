import fc from 'fast-check'
import { retryAfterMs } from '../../../src/forwarding/retry-after.ts'

const now = Date.UTC(1994, 10, 6, 8, 49, 30)

test.each([
  ['120', 120_000],
  [' 0 ', 0],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 7000],
  ['Sunday, 06-Nov-94 08:49:37 GMT', 7000],
  ['Sun Nov  6 08:49:37 1994', 7000],
  ['Sun, 06 Nov 1994 08:49:00 GMT', 0],
  ['-5', 0],
  ['1.5', 0],
  ['1e9', 0],
  ['99999999999', 0],
  ['', 0],
  ['Sun, no date at all', 0],
  ['1994', 1_994_000],
])('%j asks for %i ms', (value, milliseconds) => {
  expect(retryAfterMs(value, now)).toBe(milliseconds)
})

test('whatever a provider says is a number of milliseconds from 0', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        fc.nat().map(String),
      ),
      (value) => {
        const asked = retryAfterMs(value, now)
        expect(Number.isFinite(asked)).toBe(true)
        expect(asked).toBeGreaterThanOrEqual(0)
      },
    ),
  )
})
