import { jest } from '@jest/globals'
import { type CurrentLockouts, watchLockouts } from '../../../src/state/current-lockouts.ts'
import { manualClock } from '../../support/manual-clock.ts'

let clock: ReturnType<typeof manualClock>
let open: CurrentLockouts | undefined
beforeEach(() => {
  jest.useFakeTimers()
  clock = manualClock()
})
afterEach(() => {
  open?.close()
  jest.useRealTimers()
})

/** The process runs: its timers do. */
async function runs(milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 250) {
    clock.pass(250)
    await jest.advanceTimersByTimeAsync(250)
  }
}

function watched(change: { readonly silentMs?: number; readonly reachable?: () => boolean } = {}) {
  const questions: (() => void)[] = []
  const asks = jest.fn<(why: string, milliseconds: number) => void>()
  const catchUp = () => new Promise<void>((resolve) => questions.push(resolve))
  open = watchLockouts({ clock, catchUp, patienceMs: 10_000, asks, ...change })
  return { current: open, questions, asks }
}

test('who runs asks nobody, however long nobody calls', async () => {
  const { current, asks } = watched()
  await runs(60_000)
  clock.pass(1_900)
  expect(current.ask()).toBeUndefined()
  expect(asks).not.toHaveBeenCalled()
})

test('behind a standstill the first call asks before any timer runs, and all wait for one answer', async () => {
  const { current, questions, asks } = watched()
  await runs(1_000)
  clock.pass(6_000)
  const first = current.ask()
  expect(asks.mock.calls).toEqual([['stood still', 6_000]])
  expect(current.ask()).toBe(first)
  await runs(500)
  expect(questions).toHaveLength(1)
  questions[0]?.()
  expect(await first).toBe(true)
  expect(current.ask()).toBeUndefined()
})

test('a machine whose monotonic clock stood still with it is found by the other clock', async () => {
  const { current } = watched()
  await runs(500)
  const now = clock.now()
  clock.now = () => now + 6_000
  expect(current.ask()).toBeDefined()
})

test('an answer from before a second standstill does not count', async () => {
  const { current, questions } = watched()
  await runs(500)
  clock.pass(6_000)
  expect(current.ask()).toBeDefined()
  clock.pass(6_000)
  const second = current.ask()
  questions[0]?.()
  await runs(250)
  expect(current.ask()).toBe(second)
  questions[1]?.()
  expect(await second).toBe(true)
})

test('without an answer in time calls are refused, at once after the first, until there is one', async () => {
  const { current, questions } = watched()
  await runs(500)
  clock.pass(6_000)
  const first = current.ask()
  await runs(10_250)
  expect(await first).toBe(false)
  expect(await current.ask()).toBe(false)
  questions[0]?.()
  await runs(250)
  expect(current.ask()).toBeUndefined()
})

test('who was out of reach before the standstill is not waited for', async () => {
  const { current } = watched({ reachable: () => false })
  await runs(500)
  clock.pass(6_000)
  expect(current.ask()).toBeUndefined()
})

test('who says nothing for so long is asked, and not before', async () => {
  const { current, asks } = watched({ silentMs: 3_000 })
  await runs(2_500)
  current.heard()
  await runs(3_000)
  expect(asks).not.toHaveBeenCalled()
  await runs(250)
  expect(asks.mock.calls).toEqual([['heard nothing', 3_250]])
  expect(current.ask()).toBeDefined()
})
