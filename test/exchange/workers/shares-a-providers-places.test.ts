import type { ConsumersByWorker } from '../../support/consumers-by-worker.ts'
import type { HeldCalls } from '../../support/held-calls.ts'
import { type HeldWorkers, startHeldWorkers } from '../../support/held-workers.ts'
import type { WorkersWorld } from '../../support/start-workers.ts'
import { until } from '../../support/until.ts'

/** A provider takes so many calls at a time, whatever is learned. */
const places = 8

let started: HeldWorkers
let here: WorkersWorld
let consumers: ConsumersByWorker
let provider: HeldCalls

beforeEach(async () => {
  started = await startHeldWorkers(10_000, places, { connectionsPerProvider: places })
  ;({ here, consumers, provider } = started)
})
afterEach(() => started.close())

test('a worker that has all the calls has all the places, and gives them up to another that has calls', async () => {
  const first = consumers.ask('w1', places)
  await provider.reach(places)
  const second = consumers.ask('w2', places)
  await provider.answer(places)
  await provider.reach(places)
  await until('there are no more connections than places', () => here.provider.connections.open === places, 60_000)
  await provider.answer(places)
  expect(await Promise.all([...first, ...second])).toEqual(Array(2 * places).fill(200))
  expect(provider.most).toBe(places)
})

test('never are more calls at the provider than it has places, whichever worker they come through', async () => {
  const statuses: Promise<number | undefined>[] = []
  for (const [worker, count] of [
    ['w1', 10],
    ['w2', 10],
    ['w2', 3],
    ['w1', 10],
  ] as const) {
    // Two of the round before are still under way, or wait, when these come.
    statuses.push(...consumers.ask(worker, count))
    await provider.answer(count - 2)
  }
  await provider.answer(8)
  expect(await Promise.all(statuses)).toEqual(Array(33).fill(200))
  expect(provider.most).toBeLessThanOrEqual(places)
})

test('the places of a worker that is killed are free for the other', async () => {
  const lost = consumers.ask('w1', places)
  await provider.reach(places)
  process.kill((await here.pids()).get('w1') as number, 'SIGKILL')
  await Promise.allSettled(lost)
  await provider.reach(0)
  const kept = consumers.ask('w2', places)
  await provider.reach(places)
  await provider.answer(places)
  expect(await Promise.all(kept)).toEqual(Array(places).fill(200))
  expect(provider.most).toBe(places)
})

test('while the control process is held up, each goes on with the places that it has, and waits for nothing', async () => {
  here.signal('SIGSTOP')
  try {
    const asked = [...consumers.ask('w1', 2), ...consumers.ask('w2', 2)]
    await provider.reach(4)
    await provider.answer(4)
    expect(await Promise.all(asked)).toEqual([200, 200, 200, 200])
  } finally {
    here.signal('SIGCONT')
  }
})

test('where the control process is silent for long, a worker that has no place takes its part', async () => {
  const first = consumers.ask('w1', places)
  await provider.reach(places)
  here.signal('SIGSTOP')
  try {
    const second = consumers.ask('w2', 4)
    await provider.answer(places)
    expect(await Promise.all(first)).toEqual(Array(places).fill(200))
    await provider.reach(4)
    await provider.answer(4)
    expect(await Promise.all(second)).toEqual([200, 200, 200, 200])
    expect(provider.most).toBe(places)
  } finally {
    here.signal('SIGCONT')
  }
})
