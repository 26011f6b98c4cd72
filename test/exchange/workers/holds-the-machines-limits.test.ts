import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import { honestHeaders } from '../../support/consumer.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { world } from '../../support/start-world.ts'

/** A consumer that keeps its one connection; gives the status of each call. */
function keptConsumer({ proxy, certificates }: WorkersWorld): { call(): Promise<number>; close(): void } {
  const { consumer, authority } = certificates
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const tls = { servername: 'localhost', ca: authority.certificatePem, cert: consumer.chainPem, key: consumer.keyPem }
  return {
    async call() {
      const path = `/${world.root}/Patient?identifier=x`
      const sent = request({ host: '127.0.0.1', port: proxy.dataPort, ...tls, agent, path, headers: honestHeaders(world.searchPatient) })
      sent.end()
      const [answer] = (await once(sent, 'response')) as [IncomingMessage]
      answer.resume()
      await once(answer, 'end')
      return answer.statusCode ?? 0
    },
    close: () => agent.destroy(),
  }
}

test('a limit of a hundred a second is the machine’s: two workers pass within 5 % of it', async () => {
  const here = await startWorkers({ settings: { checks: { throttle: { requestsPerSecond: 100, burst: 100, concurrent: 10_000 } } } })
  const consumers = Array.from({ length: 6 }, () => keptConsumer(here))
  try {
    const counts = { passed: 0, refused: 0 }
    const began = performance.now()
    // One that is refused is told so in a moment and asks again: this offers more than the limit, to both workers.
    const askOn = async ({ call }: (typeof consumers)[number]): Promise<void> => {
      while (performance.now() - began < 8_000) {
        const status = await call()
        if (status === 200) counts.passed++
        else if (status === 429) counts.refused++
        else throw new Error(`answered ${status}`)
      }
    }
    await Promise.all(consumers.map(askOn))
    const limit = 100 + (100 * (performance.now() - began)) / 1000
    expect(counts.refused).toBeGreaterThan(0)
    expect(counts.passed / limit).toBeLessThanOrEqual(1.05)
    expect(counts.passed / limit).toBeGreaterThanOrEqual(0.95)
  } finally {
    for (const { close } of consumers) close()
    await here.close()
  }
})
