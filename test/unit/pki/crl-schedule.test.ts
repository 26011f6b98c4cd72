import fc from 'fast-check'
import { nextFetchIn } from '../../../src/pki/crl-schedule.ts'

const minute = 60_000
const hour = 60 * minute
const now = Date.UTC(2026, 5, 1)

describe('the next fetch of a list', () => {
  test('comes when half of its life is over, and then halfway to its end', () => {
    const current = { thisUpdate: now, nextUpdate: now + 8 * hour }
    expect(nextFetchIn({ current, failures: 0 }, now, 0)).toBe(4 * hour)
    expect(nextFetchIn({ current, failures: 0 }, now + 4 * hour, 0)).toBe(2 * hour)
    expect(nextFetchIn({ current, failures: 0 }, now + 6 * hour, 0)).toBe(hour)
  })

  test('comes within a day even where a list lives for months, and not more often than once a minute', () => {
    expect(nextFetchIn({ current: { thisUpdate: now, nextUpdate: now + 90 * 24 * hour }, failures: 0 }, now, 0)).toBe(24 * hour)
    expect(nextFetchIn({ current: { thisUpdate: now - hour, nextUpdate: now - 1 }, failures: 0 }, now, 0)).toBe(minute)
  })

  test('comes as often as is set, never later', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 604_800 }), fc.double({ min: 0, max: 0.999_999, noNaN: true }), (everySeconds, random) => {
        const wait = nextFetchIn({ everySeconds, failures: 0 }, now, random)
        expect(wait).toBeLessThanOrEqual(everySeconds * 1_000)
        expect(wait).toBeGreaterThanOrEqual(everySeconds * 900)
      }),
    )
  })

  test('comes after failures ever later, up to an hour, and not at the same moment on every node', () => {
    const waits = [1, 2, 3, 4, 50].map((failures) => nextFetchIn({ failures }, now, 0.999_999))
    expect(waits.map((wait) => Math.round(wait / 1_000))).toEqual([30, 60, 120, 240, 3_600])
    expect(nextFetchIn({ failures: 1 }, now, 0)).toBe(15_000)
    expect(nextFetchIn({ failures: 1, everySeconds: 2 }, now, 0)).toBe(1_000)
  })
})
