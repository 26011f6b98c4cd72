import { createLockoutsQuestion } from '../../../src/workers/lockouts-question.ts'
import type { FromWorker } from '../../../src/workers/messages.ts'

test('an answer ends its question and those before it, and none behind', async () => {
  const sent: FromWorker[] = []
  const questions = createLockoutsQuestion((message) => sent.push(message))
  const told: number[] = []
  for (const nth of [1, 2, 3]) void questions.ask().then(() => told.push(nth))
  expect(sent).toEqual([1, 2, 3].map((question) => ({ type: 'ask-lockouts', question })))
  questions.take({ type: 'told-lockouts', question: 2 })
  await Promise.resolve()
  expect(told).toEqual([1, 2])
})
