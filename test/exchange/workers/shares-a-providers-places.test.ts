import type { ServerResponse } from 'node:http'
import { smallBundle } from '../../support/fake-provider.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { shakeHands, type TlsConsumer } from '../../support/tls-consumer.ts'
import { until } from '../../support/until.ts'

/** A provider takes so many calls at a time, whatever is learned. */
const places = 8
const long = { withinMs: 60_000 }
const settings = {
  checks: { throttle: { requestsPerSecond: 100_000, burst: 100_000, concurrent: 10_000 } },
  forwarding: {
    connectionsPerProvider: places,
    capacity: { initialLimit: places, minimumLimit: places, queueSeconds: 600, consumerShare: 1 },
    firstByteTimeoutSeconds: 600,
  },
}

let here: WorkersWorld
let byWorker: ReadonlyMap<string, readonly TlsConsumer[]>
/** Calls that the provider has and has not answered, and the most there were of them at a time. */
let held: ServerResponse[]
let most: number
let opened: TlsConsumer[]

beforeEach(async () => {
  here = await startWorkers({ settings })
  opened = []
  const found = new Map<string, TlsConsumer[]>([
    ['w1', []],
    ['w2', []],
  ])
  for (let nth = 0; nth < 24; nth++) {
    const consumer = await shakeHands(here)
    opened.push(consumer)
    await consumer.ask()
    const exchange = /id="([0-9a-f]{32})"/.exec(consumer.text)?.[1] ?? ''
    found.get(await until('the call is recorded', () => here.workerOf({ exchange })))?.push(consumer)
  }
  byWorker = found
  held = []
  most = 0
  here.provider.answer = (request, response) => {
    request.resume()
    held.push(response)
    most = Math.max(most, held.length)
    // Who hangs up has no call here any more.
    response.once('close', () => {
      held = held.filter((one) => one !== response)
    })
  }
})
afterEach(async () => {
  for (const { socket } of opened) socket.destroy()
  await here.close()
})

const consumersOf = (worker: string, count: number): readonly TlsConsumer[] => {
  const all = byWorker.get(worker) ?? []
  expect(all.length).toBeGreaterThanOrEqual(count)
  return all.slice(0, count)
}
const ask = (consumers: readonly TlsConsumer[]): readonly Promise<number | undefined>[] =>
  consumers.map(async (one) => (await one.ask())?.status)
const atProvider = (count: number): Promise<unknown> => until(`${count} calls are at the provider`, () => held.length === count, long)

/** Answers whatever comes, one after another, until so many have been. */
async function answerAll(count: number): Promise<void> {
  for (let left = count; left > 0; left--) {
    const first = await until('a call is at the provider', () => held[0], long)
    held.shift()
    first.end(smallBundle)
  }
}

test('a worker that has all the calls has all the places, and the other gets its half of them as soon as it has calls too', async () => {
  const first = ask(consumersOf('w1', 10))
  await atProvider(places)
  const second = ask(consumersOf('w2', 10))
  await answerAll(20)
  expect(await Promise.all([...first, ...second])).toEqual(Array(20).fill(200))
  expect(most).toBe(places)
})

test('never are more calls at the provider than it has places, whichever worker they come through', async () => {
  const statuses: Promise<number | undefined>[] = []
  const rounds: readonly (readonly [string, number])[] = [
    ['w1', 10],
    ['w2', 10],
    ['w2', 3],
    ['w1', 10],
  ]
  for (const [worker, count] of rounds) {
    // Those of the round before are still under way when these come.
    const asked = ask(consumersOf(worker, count))
    statuses.push(...asked)
    await answerAll(count - 2)
  }
  await answerAll(8)
  expect(await Promise.all(statuses)).toEqual(Array(33).fill(200))
  expect(most).toBe(places)
})

test('the places of a worker that is killed are free for the other', async () => {
  const lost = ask(consumersOf('w1', places))
  await atProvider(places)
  process.kill((await here.pids()).get('w1') as number, 'SIGKILL')
  await Promise.allSettled(lost)
  await atProvider(0)
  const kept = ask(consumersOf('w2', places))
  await atProvider(places)
  await answerAll(places)
  expect(await Promise.all(kept)).toEqual(Array(places).fill(200))
  expect(most).toBe(places)
})

test('while the control process is held up, each goes on with the places it has, and waits for nothing', async () => {
  here.signal('SIGSTOP')
  try {
    const asked = [...ask(consumersOf('w1', 2)), ...ask(consumersOf('w2', 2))]
    await atProvider(4)
    await answerAll(4)
    expect(await Promise.all(asked)).toEqual([200, 200, 200, 200])
  } finally {
    here.signal('SIGCONT')
  }
})
