import fc from 'fast-check'
import { FailureWindow } from '../../../src/protection/failure-window.ts'

test('calls and failures are counted, and forgotten when the window has passed', () => {
  const window = new FailureWindow(10_000)
  for (let nth = 0; nth < 10; nth++) window.record('a', nth % 2 === 0, 100_000 + nth * 100)
  expect(window.tally(101_000)).toEqual({ calls: 10, failures: 5, callers: 1, failingCallers: 1 })
  expect(window.tally(109_900)).toMatchObject({ calls: 10 })
  expect(window.tally(112_000)).toEqual({ calls: 0, failures: 0, callers: 0, failingCallers: 0 })
})

test('it tells one consumer from several, and one that fails from several', () => {
  const window = new FailureWindow(10_000)
  window.record('a', true, 1000)
  window.record('b', false, 3000)
  expect(window.tally(3000)).toMatchObject({ callers: 2, failingCallers: 1 })
  window.record('b', true, 5000)
  expect(window.tally(5000)).toMatchObject({ callers: 2, failingCallers: 2 })
})

const calls = fc.array(fc.record({ gap: fc.nat(4000), consumer: fc.constantFrom('a', 'b', 'c'), failed: fc.boolean() }), { maxLength: 200 })

test('it never holds a call older than the window, and always those of its nine newest tenths', () => {
  fc.assert(
    fc.property(calls, fc.nat(1_000_000), (list, start) => {
      const window = new FailureWindow(10_000)
      let now = start
      const seen: { at: number; failed: boolean; consumer: string }[] = []
      for (const { gap, consumer, failed } of list) {
        now += gap
        window.record(consumer, failed, now)
        seen.push({ at: now, failed, consumer })
        const tally = window.tally(now)
        const most = seen.filter(({ at }) => at > now - 10_000)
        const least = seen.filter(({ at }) => at > now - 9_000)
        expect(tally.calls).toBeLessThanOrEqual(most.length)
        expect(tally.calls).toBeGreaterThanOrEqual(least.length)
        expect(tally.failures).toBeLessThanOrEqual(most.filter((one) => one.failed).length)
        expect(tally.failures).toBeGreaterThanOrEqual(least.filter((one) => one.failed).length)
        expect(tally.callers).toBeGreaterThanOrEqual(Math.min(2, new Set(least.map((one) => one.consumer)).size))
        expect(tally.callers).toBeLessThanOrEqual(Math.min(2, new Set(most.map((one) => one.consumer)).size))
      }
    }),
  )
})

test('with another length it counts anew', () => {
  const window = new FailureWindow(10_000)
  window.record('a', true, 100_000)
  window.follow(10_000)
  expect(window.tally(100_000)).toMatchObject({ calls: 1, failures: 1 })
  window.follow(60_000)
  expect(window.tally(100_000)).toMatchObject({ calls: 0, failures: 0 })
  window.record('a', true, 100_000)
  expect(window.tally(155_000)).toMatchObject({ calls: 1, failures: 1 })
  expect(window.tally(170_000)).toMatchObject({ calls: 0, failures: 0 })
})

test('what others saw is summed with it, and a consumer that saw failures at both counts once', () => {
  const window = new FailureWindow(10_000)
  window.record('a', true, 0)
  expect(window.report(0)).toEqual({ calls: 1, failures: 1, calling: ['a'], failing: ['a'] })
  expect(window.tally(0, { calls: 5, failures: 2, calling: ['a'], failing: ['a'] })).toEqual({
    calls: 6,
    failures: 3,
    callers: 1,
    failingCallers: 1,
  })
  expect(window.tally(0, { calls: 5, failures: 2, calling: ['a'], failing: ['a', 'b'] })).toMatchObject({ failingCallers: 2 })
})

test('of two that saw failures both are told, although the same one always came first', () => {
  const window = new FailureWindow(10_000)
  for (let second = 0; second < 5; second++) for (const consumer of ['a', 'b']) window.record(consumer, true, second * 1000)
  expect(window.report(5_000)).toMatchObject({ calling: ['a', 'b'], failing: ['a', 'b'] })
  expect(window.report(60_000)).toMatchObject({ calling: [], failing: [] })
})
