import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { callControl } from '../../../src/ops/control-client.ts'
import { call } from '../../support/consumer.ts'
import { changeSettings, reloadWith } from '../../support/reload-with.ts'
import { startWorld, type World } from '../../support/start-world.ts'
import { startWorldProcess } from '../../support/start-world-process.ts'
import { until } from '../../support/until.ts'

let here: World
afterEach(() => here.close())

/** A call that the flood rule may count instead of recording it. */
async function refusedCall(): Promise<void> {
  expect((await call(here, { as: null })).status).toBe(496)
}

const refusals = (): number => here.audit().filter(({ type }) => type === 'refused').length

test('the flood rule in force decides which refusals get a record of their own', async () => {
  here = await startWorld({ settings: { audit: { flood: { perKeyPerSecond: 0, perProcessPerSecond: 0 } } } })
  await refusedCall()
  await until('it is counted', () => here.audit().some(({ type }) => type === 'flood'))
  expect(refusals()).toBe(0)
  await reloadWith(here, { audit: { flood: { perKeyPerSecond: 1000, perProcessPerSecond: 1000 } } })
  await refusedCall()
  await until('it has a record', () => refusals() === 1)
})

test('a reserve that the disk does not have stops forwarding, until it is smaller again', async () => {
  here = await startWorld()
  expect((await call(here)).status).toBe(200)
  await reloadWith(here, { audit: { reserveBytes: Number.MAX_SAFE_INTEGER } })
  expect(await call(here)).toMatchObject({ status: 503, verdict: { rule: 'audit' } })
  await reloadWith(here, { audit: { reserveBytes: 0 } })
  expect((await call(here)).status).toBe(200)
})

test('segments of the log end at the size in force', async () => {
  here = await startWorld()
  const segments = async (): Promise<number> =>
    (await readdir(join(here.directory, 'data', 'audit', 'test-main'))).filter((name) => /^\d/.test(name)).length
  await call(here)
  const before = await segments()
  await reloadWith(here, { audit: { segmentBytes: 4096 } })
  for (let nth = 0; nth < 4; nth++) await call(here)
  expect(await segments()).toBeGreaterThan(before)
})

test('whether a lockout by hand waits for a second operator is what the settings in force say', async () => {
  here = await startWorld()
  const add = async (asid: string): Promise<unknown> =>
    (await callControl(here.proxy.socketPath, 'POST', '/lockouts', { asid, reason: 'a test' })).body
  expect(await add('200000000001')).toMatchObject({ state: 'inForce' })
  await reloadWith(here, { lockouts: { confirmByHand: true } })
  expect(await add('200000000002')).toMatchObject({ state: 'proposed' })
})

test('the index begins anew with other settings, finds what it found before, and a file that it cannot read refuses the reload', async () => {
  here = await startWorld()
  const found = async (exchange: string): Promise<number> =>
    (await callControl(here.proxy.socketPath, 'GET', `/exchanges/${exchange}`)).status
  const { exchange } = await call(here)
  await until('it is found', async () => (await found(exchange)) === 200)
  await reloadWith(here, { audit: { retentionMonths: 12 } })
  const later = (await call(here)).exchange
  await until('both are found', async () => (await found(later)) === 200 && (await found(exchange)) === 200)
  const tls = { anchors: ['nowhere.pem'] }
  await changeSettings(here, { index: { postgres: { tls } }, forwarding: { timeoutStatus: 599 } })
  expect(await here.proxy.reload('test')).toMatchObject({ ok: false, detail: expect.stringContaining('nowhere.pem') })
})

test('the program’s log goes by the level in force', async () => {
  const process = await startWorldProcess()
  try {
    const reload = async (level: string): Promise<void> => {
      await changeSettings(process, { logging: { level } })
      expect((await callControl(join(process.directory, 'data', 'ssp.sock'), 'POST', '/reload', {})).status).toBe(200)
    }
    const told = (): number => process.log.filter(({ msg }) => msg === 'reloaded').length
    await reload('error')
    await reload('error')
    await reload('info')
    await until('it tells of a reload', () => told() > 0)
    expect(told()).toBe(1)
  } finally {
    await process.close()
  }
})

test('what no reload changes keeps its value, and is named until file and process agree: data directory, name of the logs, number of processes', async () => {
  here = await startWorld()
  const ready = async (): Promise<string> => JSON.stringify((await callControl(here.proxy.socketPath, 'GET', '/readyz?verbose')).body)
  const detail = await reloadWith(here, { dataDirectory: 'elsewhere', workers: 3, audit: { node: 'other', retentionMonths: 3 } })
  expect(detail).toContain('dataDirectory, workers, audit.node wait for the next start')
  expect(await reloadWith(here, { audit: { node: 'other', retentionMonths: 4 } })).toContain('dataDirectory, workers, audit.node wait')
  for (const name of ['dataDirectory', 'workers', 'audit.node'])
    expect(await ready()).toContain(`${name} is otherwise in the settings file`)
  expect((await call(here)).status).toBe(200)
  expect(here.audit().filter(({ type }) => type === 'forwarding')).toHaveLength(1)
  await expect(readdir(join(here.directory, 'elsewhere'))).rejects.toThrow()
  const shown = (await callControl(here.proxy.socketPath, 'GET', '/config')).body
  expect(shown).toMatchObject({ dataDirectory: 'data', workers: 1, audit: { node: 'test', retentionMonths: 4 } })
  expect(await reloadWith(here, { dataDirectory: 'data', workers: 1, audit: { node: 'test' } })).not.toContain('wait')
  expect(await ready()).not.toContain('is otherwise in the settings file')
})
