import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { call } from '../../support/consumer.ts'
import { changeSettings } from '../../support/reload-with.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { world } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'

const plenty = { requestsPerSecond: 100_000, burst: 100_000, concurrent: 10_000 }
let here: WorkersWorld
beforeEach(async () => {
  here = await startWorkers({ settings: { checks: { throttle: plenty } } })
})
afterEach(() => here.close())

interface Directory {
  readonly systems: readonly { readonly asid: string }[]
  readonly endpoints: readonly unknown[]
}

async function replace(name: string, text: string): Promise<void> {
  await writeFile(join(here.directory, `${name}.new`), text, { mode: 0o600 })
  await rename(join(here.directory, `${name}.new`), join(here.directory, name))
}

async function workersReady(count: number): Promise<void> {
  await until(`${count} workers`, async () => (await here.page('/metrics')).body.includes(`ssp_workers{state="ready"} ${count}`), 30_000)
}

async function kill(worker: string): Promise<void> {
  const before = here.log.length
  process.kill((await here.pids()).get(worker) ?? 0, 'SIGKILL')
  await until('its end is known', () =>
    here.log.slice(before).some(({ msg, ended }) => ended === 'SIGKILL' && /replaced/.test(String(msg))),
  )
}

/** Files by which every call would be refused, and which no reload takes. */
const refused: readonly (readonly [string, (good: Directory) => Promise<void>])[] = [
  [
    'a directory that has lost most of its records',
    (good) => replace('registry.yaml', JSON.stringify({ ...good, endpoints: good.endpoints.slice(0, 4) })),
  ],
  [
    'a directory beside anchors of operators that cannot be used, which is for the control process alone to see',
    async (good) => {
      const systems = good.systems.map((system) => (system.asid === world.consumer.asid ? { ...system, interactions: [] } : system))
      await replace('registry.yaml', JSON.stringify({ ...good, systems }))
      await replace('operators-ca.pem', 'not a certificate')
    },
  ],
]

test.each(refused)(
  'A5: %s: nothing decides by what a reload refuses, whoever dies meanwhile, and once it is mended all take calls',
  async (_what, spoil) => {
    const files = ['registry.yaml', 'operators-ca.pem']
    const good = await Promise.all(files.map((name) => readFile(join(here.directory, name), 'utf8')))
    await spoil(JSON.parse(good[0] ?? '') as Directory)
    expect((await here.control('POST', '/reload')).status).toBe(409)
    await kill('w1')
    const told = await until('why its successor does not begin', () => here.log.find(({ reason }) => reason !== undefined))
    expect(told).toMatchObject({ worker: 'w1', reason: expect.stringContaining('not what is in force') })
    for (let nth = 0; nth < 6; nth++) expect((await call(here)).status).toBe(200)
    expect((await here.page('/readyz')).body).toContain('workers: 1 of 2 take no calls: w1')
    for (const [at, name] of files.entries()) await replace(name, good[at] ?? '')
    expect((await here.control('POST', '/reload')).status).toBe(200)
    await workersReady(2)
    const served = [await call(here), await call(here), await call(here), await call(here)]
    expect(served.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(new Set(served.map(here.workerOf))).toEqual(new Set(['w1', 'w2']))
  },
)

test('A5: a reload that is asked for while a worker begins is taken, and in force in it too', async () => {
  await kill('w1')
  const children = `/proc/${here.pid}/task/${here.pid}/children`
  await until('its successor has been started', async () => (await readFile(children, 'utf8')).trim().split(' ').length === 2)
  await changeSettings(here, { listener: { idleTimeoutSeconds: 17 } })
  expect(await here.control('POST', '/reload')).toMatchObject({ status: 200 })
  await workersReady(2)
  const answers = [await call(here), await call(here), await call(here), await call(here)]
  expect(new Set(answers.map(here.workerOf))).toEqual(new Set(['w1', 'w2']))
  expect(answers.map(({ headers }) => headers['keep-alive'])).toEqual(Array(4).fill('timeout=17'))
})
