import type { GateState } from '../../../src/forwarding/gate-state.ts'
import { consumersByWorker } from '../../support/consumers-by-worker.ts'
import { holdCalls } from '../../support/held-calls.ts'
import { startWorkers } from '../../support/start-workers.ts'
import { metricOn } from '../../support/start-world-process.ts'
import { until } from '../../support/until.ts'

const settings = {
  checks: { throttle: { requestsPerSecond: 100_000, burst: 100_000, concurrent: 10_000 } },
  forwarding: {
    capacity: { initialLimit: 16, minimumLimit: 2, windowSeconds: 0.05, queueSeconds: 600, consumerShare: 1 },
    breaker: { minimumCalls: 1_000_000 },
    firstByteTimeoutSeconds: 600,
  },
}

test('what one worker sees of a provider that has too much to do, holds the calls of the other too', async () => {
  const here = await startWorkers({ settings })
  const consumers = await consumersByWorker(here, 8)
  try {
    const limit = async (): Promise<number> =>
      ((await here.control('GET', '/circuits')).body as { readonly circuits: readonly GateState[] }).circuits[0]?.limit ?? 0
    // A worker tells how it does several times a second.
    await until('the limit is told', async () => (await limit()) > 2)
    here.provider.answer = (_request, response) => response.writeHead(503).end('{}')
    await until(
      'the limit is at its floor',
      async () => {
        await Promise.all(consumers.ask('w1', 1))
        return (await limit()) === 2
      },
      60_000,
    )
    const provider = holdCalls(here.provider)
    const asked = consumers.ask('w2', 3)
    await until('two are at the provider and one waits', async () => {
      const waiting = metricOn((await here.page('/metrics')).body, 'ssp_provider_calls_waiting')
      return provider.count === 2 && waiting === 1
    })
    expect(provider.most).toBe(2)
    await provider.answer(3)
    expect(await Promise.all(asked)).toEqual([200, 200, 200])
  } finally {
    consumers.close()
    await here.close()
  }
})
