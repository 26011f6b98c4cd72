import { join } from 'node:path'
import { askForVerdict } from '../support/ask-for-verdict.ts'
import { type Answer, call } from '../support/consumer.ts'
import { everyRefusalRecorded } from '../support/expect-refusal.ts'
import { runSsp } from '../support/run-ssp.ts'
import { startWorld, type World } from '../support/start-world.ts'
import { until } from '../support/until.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterAll(() => here.close())

test('by the settings that decided nothing is otherwise: not a type without a body, and no look at a verdict, which is none of the calls', async () => {
  const { consumer, badExpired } = here.certificates
  const calls: readonly Answer[] = [
    await call(here, { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
    await call(here, { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: 'x' }),
    await call(here, { method: 'OPTIONS' }),
  ]
  const id = calls[0]?.exchange ?? ''
  const looks: readonly Answer[] = [
    await askForVerdict(here, 'f'.repeat(32), consumer),
    await askForVerdict(here, id, consumer, { method: 'POST' }),
    await askForVerdict(here, id, badExpired),
    await askForVerdict(here, id, null),
  ]
  expect(calls.map(({ status }) => status)).toEqual([200, 415, 200])
  expect(looks.map(({ status }) => status)).toEqual([404, 405, 495, 496])
  await until('every call is recorded to its end', async () => {
    const ends = here.audit().filter(({ type }) => type === 'outcome' || type === 'refused')
    return ends.length >= 6
  })
  const { code, out } = await runSsp(['replay', '--config', join(here.directory, 'config.yaml'), '--json'])
  const report = JSON.parse(out)
  const recorded = here
    .audit()
    .filter(
      (entry) =>
        entry.type === 'forwarding' || (entry.type === 'refused' && !('url' in entry.personal && entry.personal.url?.startsWith('/ssp/'))),
    )
  expect(report).toMatchObject({ calls: recorded.length, wouldRefuse: { calls: 0 }, wouldPass: { calls: 0 }, otherRule: { calls: 0 } })
  expect(code).toBe(0)
})
