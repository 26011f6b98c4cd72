import { setTimeout as delay } from 'node:timers/promises'
import { call } from '../../support/consumer.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { shakeHands } from '../../support/tls-consumer.ts'

let here: WorkersWorld
beforeEach(async () => {
  here = await startWorkers({ settings: { checks: { throttle: { requestsPerSecond: 20, burst: 40 } } } })
})
afterEach(() => here.close())

const firstCalls = async (): Promise<readonly number[]> => Promise.all(Array.from({ length: 16 }, async () => (await call(here)).status))

test('a consumer’s first calls come all at once, to both workers: what is within its burst is not refused for want of an answer between processes', async () => {
  expect(await firstCalls()).toEqual(Array(16).fill(200))
})

test('nor where the process that answers is held up for a moment, as on a busy machine', async () => {
  const connections = await Promise.all(Array.from({ length: 16 }, () => shakeHands(here)))
  here.signal('SIGSTOP')
  try {
    const answers = Promise.all(connections.map(({ ask }) => ask()))
    await delay(400)
    here.signal('SIGCONT')
    expect((await answers).map((answer) => answer?.status)).toEqual(Array(16).fill(200))
  } finally {
    here.signal('SIGCONT')
    for (const { socket } of connections) socket.destroy()
  }
})
