import type { ConsumersByWorker } from '../../support/consumers-by-worker.ts'
import type { HeldCalls } from '../../support/held-calls.ts'
import { type HeldWorkers, startHeldWorkers } from '../../support/held-workers.ts'
import type { WorkersWorld } from '../../support/start-workers.ts'
import { until } from '../../support/until.ts'

const most = 6

let started: HeldWorkers
let here: WorkersWorld
let consumers: ConsumersByWorker
let provider: HeldCalls

beforeEach(async () => {
  started = await startHeldWorkers(most, 64)
  ;({ here, consumers, provider } = started)
})
afterEach(() => started.close())

/** Resolves once so many of the calls are refused. Before that none of the others may end: whoever still waits would have its place. */
async function refused(asked: readonly Promise<number | undefined>[], count: number): Promise<void> {
  let found = 0
  for (const one of asked) void one.then((status) => (found += status === 429 ? 1 : 0))
  await until(`${count} are refused`, () => found === count)
}

test('calls at once are the machine’s: the worker that has a consumer’s calls lets all pass that it may have at once, and no more; so does the other after it, and both together', async () => {
  for (const calls of [
    () => consumers.ask('w1', most + 2),
    () => consumers.ask('w2', most + 2),
    () => [...consumers.ask('w1', most / 2 + 1), ...consumers.ask('w2', most / 2 + 1)],
  ]) {
    const asked = calls()
    await Promise.all([refused(asked, 2), provider.reach(most)])
    await provider.answer(most)
    expect((await Promise.all(asked)).toSorted()).toEqual([...Array(most).fill(200), 429, 429])
  }
  expect(provider.most).toBe(most)
})

test('what a worker that is killed had is the other’s, and never are there more', async () => {
  const lost = consumers.ask('w1', most)
  await provider.reach(most)
  process.kill((await here.pids()).get('w1') as number, 'SIGKILL')
  await Promise.allSettled(lost)
  await provider.reach(0)
  await until('there are two again', async () => (await here.page('/metrics')).body.includes('ssp_workers{state="ready"} 2'))
  const kept = consumers.ask('w2', most)
  await provider.reach(most)
  await provider.answer(most)
  expect(await Promise.all(kept)).toEqual(Array(most).fill(200))
  expect(provider.most).toBe(most)
})

test('while the control process is held up each worker goes on with what it holds, and nobody waits for it for long', async () => {
  here.signal('SIGSTOP')
  try {
    const asked = consumers.ask('w1', most)
    const began = performance.now()
    await refused(asked, most / 2)
    expect(performance.now() - began).toBeLessThan(5_000)
    await provider.reach(most / 2)
    await provider.answer(most / 2)
    expect(await Promise.all(asked)).toEqual(expect.arrayContaining([200, 429]))
  } finally {
    here.signal('SIGCONT')
  }
})
