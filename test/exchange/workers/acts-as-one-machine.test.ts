import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { call } from '../../support/consumer.ts'
import { runSsp } from '../../support/run-ssp.ts'
import { beginCall, streamForEver } from '../../support/slow-streams.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { world } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'

const throttle = { requestsPerSecond: 100_000, burst: 100_000, concurrent: 10_000 }
let here: WorkersWorld
let usual: WorkersWorld['provider']['answer']
beforeAll(async () => {
  here = await startWorkers({ settings: { checks: { throttle } } })
  usual = here.provider.answer
})
afterEach(() => {
  here.provider.answer = usual
})
afterAll(() => here.close())

/** The rule that refused a call, or that it passed. */
async function ruleOfCall(): Promise<string> {
  const { status, verdict } = await call(here)
  return status === 200 ? 'passes' : verdict.rule
}

/** As many calls as reach both workers in turn. */
async function rulesOfFour(): Promise<readonly string[]> {
  const rules: string[] = []
  for (let nth = 0; nth < 4; nth++) rules.push(await ruleOfCall())
  return rules
}

test('a lockout is in force in every worker once the command ends, and cuts the streams of both; released, calls pass at both', async () => {
  streamForEver(here.provider, 10_000_000_000)
  const begun = [await beginCall(here), await beginCall(here)]
  here.provider.answer = usual
  expect(new Set(begun.map(({ exchange }) => here.workerOf({ exchange })))).toEqual(new Set(['w1', 'w2']))
  const added = await runSsp(['lockout', 'add', '--asid', world.consumer.asid, '--reason', 'key stolen', '--config', here.config])
  expect(added.code).toBe(0)
  expect(await Promise.all(begun.map(({ ended }) => ended))).toEqual(['cut', 'cut'])
  expect(await rulesOfFour()).toEqual(Array(4).fill('lockout'))
  const inForce = here.audit().find((entry) => entry.type === 'operation' && entry.act === 'lockout-in-force')
  expect(inForce).toMatchObject({ detail: { cutExchanges: 2 } })
  const { body } = await here.control('GET', '/lockouts')
  const [{ id } = { id: '' }] = (body as { lockouts?: { id: string }[] }).lockouts ?? (body as { id: string }[])
  expect((await here.control('DELETE', `/lockouts/${id}`)).status).toBe(200)
  expect((await call(here)).status).toBe(200)
  expect((await call(here)).status).toBe(200)
})

test('a circuit that is held open lets no call pass at either worker, and released it lets them', async () => {
  const held = await runSsp(['breaker', 'hold-open', '--host', world.provider.fqdn, '--reason', 'works', '--config', here.config])
  expect(held).toMatchObject({ code: 0, out: expect.stringContaining('held-open') })
  expect(await rulesOfFour()).toEqual(Array(4).fill('provider-capacity'))
  expect((await here.page('/readyz?verbose')).body).toContain('providers: 1 of 1 circuits are not closed')
  await runSsp(['breaker', 'release', '--host', world.provider.fqdn, '--reason', 'done', '--config', here.config])
  await until('calls pass', async () => (await rulesOfFour()).every((rule) => rule === 'passes'))
})

test('a reload that one process would refuse comes into force in none; a good one does in all, and no call fails meanwhile', async () => {
  const sharing = join(here.directory, 'sharing.yaml')
  const good = await readFile(sharing, 'utf8')
  const { consumer } = world
  const none = JSON.stringify({
    rules: [{ reference: 'NONE', effect: 'deny', from: { asid: consumer.asid }, to: '*', interactions: ['*'] }],
  })
  await writeFile(sharing, '{ rules: [')
  const refused = await here.control('POST', '/reload')
  expect(refused.status).not.toBe(200)
  expect(await rulesOfFour()).toEqual(Array(4).fill('passes'))
  await writeFile(sharing, none)
  expect((await here.control('POST', '/reload')).status).toBe(200)
  expect(await rulesOfFour()).toEqual(Array(4).fill('data-sharing'))
  await writeFile(sharing, good)
  expect((await here.control('POST', '/reload')).status).toBe(200)

  let over = false
  const statuses: number[] = []
  const load = (async () => {
    while (!over) statuses.push((await call(here)).status)
  })()
  for (let nth = 0; nth < 20; nth++) {
    await writeFile(sharing, nth % 2 === 0 ? `${good} ` : good)
    expect((await here.control('POST', '/reload')).status).toBe(200)
  }
  over = true
  await load
  expect(statuses.length).toBeGreaterThan(20)
  expect(statuses.filter((status) => status !== 200)).toEqual([])
})
