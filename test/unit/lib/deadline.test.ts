import { jest } from '@jest/globals'
import { Deadline } from '../../../src/lib/deadline.ts'

beforeEach(() => jest.useFakeTimers())
afterEach(() => jest.useRealTimers())

function started() {
  let reached = 0
  const deadline = new Deadline(
    () => performance.now(),
    () => reached++,
  )
  return { deadline, reached: () => reached }
}

test('is reached once, at its time', () => {
  const { deadline, reached } = started()
  deadline.within(100)
  jest.advanceTimersByTime(99)
  expect(reached()).toBe(0)
  jest.advanceTimersByTime(1)
  expect(reached()).toBe(1)
  jest.advanceTimersByTime(1_000)
  expect(reached()).toBe(1)
})

test('moves away, and nearer', () => {
  const { deadline, reached } = started()
  deadline.within(100)
  jest.advanceTimersByTime(50)
  deadline.within(100)
  jest.advanceTimersByTime(99)
  expect(reached()).toBe(0)
  deadline.within(1_000)
  deadline.within(10)
  jest.advanceTimersByTime(10)
  expect(reached()).toBe(1)
})

test('moved a thousand times it has set one timer', () => {
  const { deadline } = started()
  for (let i = 0; i < 1_000; i++) deadline.within(100 + i)
  expect(jest.getTimerCount()).toBe(1)
  deadline.clear()
  expect(jest.getTimerCount()).toBe(0)
})

test('cleared it is never reached', () => {
  const { deadline, reached } = started()
  deadline.within(10)
  deadline.clear()
  jest.advanceTimersByTime(100)
  expect(reached()).toBe(0)
})
