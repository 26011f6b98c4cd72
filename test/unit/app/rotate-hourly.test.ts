import { jest } from '@jest/globals'
import { rotateHourly } from '../../../src/app/rotate-hourly.ts'

test('ticket keys are renewed at each hour and not before, and no more once the timer is cleared', () => {
  jest.useFakeTimers()
  try {
    let renewed = 0
    const timer = rotateHourly(() => renewed++)
    jest.advanceTimersByTime(3_599_999)
    expect(renewed).toBe(0)
    jest.advanceTimersByTime(1)
    expect(renewed).toBe(1)
    jest.advanceTimersByTime(2 * 3_600_000)
    expect(renewed).toBe(3)
    clearInterval(timer)
    jest.advanceTimersByTime(3_600_000)
    expect(renewed).toBe(3)
  } finally {
    jest.useRealTimers()
  }
})
