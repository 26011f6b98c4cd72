import { jest } from '@jest/globals'
import { IndexUnavailable } from '../../../src/audit/index/audit-index.ts'
import { createLooks } from '../../../src/workers/looks.ts'
import type { FromWorker } from '../../../src/workers/messages.ts'

beforeEach(() => jest.useFakeTimers())
afterEach(() => jest.useRealTimers())

function asked() {
  const sent: FromWorker[] = []
  const looks = createLooks((message) => sent.push(message))
  const looked = looks.look('200000000359', '3f1e')
  expect(sent).toEqual([{ type: 'look', look: 1, actor: '200000000359', exchange: '3f1e' }])
  return { looks, looked }
}

test('a look that the control process does not answer is given up', async () => {
  const { looked } = asked()
  const outcome = expect(looked).rejects.toThrow(IndexUnavailable)
  await jest.advanceTimersByTimeAsync(5_001)
  await outcome
})

test('an answer that came while this process itself was held up counts', async () => {
  const { looks, looked } = asked()
  // The time is up, and in the same turn of the event loop the answer is read.
  setTimeout(() => looks.take({ type: 'looked', look: 1, looked: { shown: undefined } }), 5_000)
  jest.advanceTimersByTime(5_000)
  await jest.runAllTimersAsync()
  expect(await looked).toBeUndefined()
})
