import { setTimeout as delay } from 'node:timers/promises'
import { type ConsumersByWorker, consumersByWorker } from '../../support/consumers-by-worker.ts'
import { smallBundle } from '../../support/fake-provider.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { world } from '../../support/start-world.ts'
import type { TlsConsumer } from '../../support/tls-consumer.ts'

/** A provider takes so many calls at a time, whatever is learned. */
const places = 8
/** And for so long, in ms, that it is its places that are short, and not the processor. */
const answerMs = 160
/** So many connections of each consumer at each worker. */
const connections = 12
const consumer = world.consumer.asid
const stranger = world.stranger.asid

let here: WorkersWorld
let ofConsumer: ConsumersByWorker
let ofStranger: ConsumersByWorker
/** Calls that the provider has answered, by who made them. */
let answered: Map<string, number>

beforeAll(async () => {
  here = await startWorkers({
    settings: {
      checks: { throttle: { requestsPerSecond: 100_000, burst: 100_000, concurrent: 10_000 } },
      forwarding: {
        connectionsPerProvider: places,
        capacity: { initialLimit: places, minimumLimit: places, queueSeconds: 60 },
        firstByteTimeoutSeconds: 60,
      },
    },
    sharingRules: [{ reference: 'TEST-1', effect: 'allow', from: '*', to: '*', interactions: ['*'] }],
  })
  ofConsumer = await consumersByWorker(here, 2 * connections)
  ofStranger = await consumersByWorker(here, 2 * connections, { as: here.certificates.stranger, from: stranger })
})
afterAll(async () => {
  ofConsumer?.close()
  ofStranger?.close()
  await here?.close()
})
beforeEach(() => {
  answered = new Map()
  here.provider.answer = (request, response) => {
    request.resume()
    const who = String(request.headers['ssp-from'])
    setTimeout(() => {
      answered.set(who, (answered.get(who) ?? 0) + 1)
      response.end(smallBundle)
    }, answerMs)
  }
})

/** Each of the connections calls again as soon as it is answered, until the time is up. */
function goOn(at: readonly TlsConsumer[], from: string, until: number): readonly Promise<void>[] {
  return at.map(async (one) => {
    while (performance.now() < until) expect(await one.ask({ from })).toMatchObject({ status: 200 })
  })
}

test('a consumer whose calls come through both workers gets as much of a provider as one whose calls come through one', async () => {
  const until = performance.now() + 12_500
  const calling = [
    ...goOn(ofConsumer.of('w1', connections), consumer, until),
    ...goOn([...ofStranger.of('w1', connections), ...ofStranger.of('w2', connections)], stranger, until),
  ]
  // It is told within a second who calls where.
  await delay(4_000)
  answered.clear()
  await delay(8_000)
  const [one = 0, both = 0] = [answered.get(consumer), answered.get(stranger)]
  await Promise.all(calling)
  // A quarter of what it takes, at least: where the machine is slow, answers are, and heavy consumers give way.
  expect(one + both).toBeGreaterThan((places * 8_000) / answerMs / 4)
  expect([both / one < 1.4 && one / both < 1.4, { one, both }]).toEqual([true, { one, both }])
})
