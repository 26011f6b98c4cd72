import { mkdirSync, renameSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { call } from '../support/consumer.ts'
import { metricOn, startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'
import { until } from '../support/until.ts'

let here: WorldProcess
beforeAll(async () => {
  here = await startWorldProcess({ settings: { audit: { node: 'node1' } } })
})
afterAll(() => here.close())

const ready = async (): Promise<string> => {
  const { status, body } = await here.page('/readyz')
  expect(status).toBe(200)
  return body
}
const metric = async (name: string): Promise<number> => metricOn((await here.page('/metrics')).body, name)
const said = (text: string): boolean => here.log.some(({ msg }) => String(msg).includes(text))

test('R6: a signing key that is lost while it signs: calls go on, /readyz says degraded and what to do, a metric counts the log', async () => {
  const path = join(here.directory, 'data/keys/log.key')
  renameSync(path, `${path}.away`)
  const body = await until('it is told', async () => {
    const page = await ready()
    return page.includes('[~]degraded: audit: ') && page
  })
  expect(body).toMatch(/the file of the key [0-9a-f]{8}, which signs node1\/main, is gone.*ssp audit rotate-key/)
  expect(await metric('ssp_audit_logs_with_lost_key')).toBe(1)
  expect((await call(here)).status).toBe(200)
  renameSync(`${path}.away`, path)
  await until('it is well again', async () => (await ready()) === 'ok\n')
  expect(await metric('ssp_audit_logs_with_lost_key')).toBe(0)
})

test('R5: a checkpoint that cannot be written is counted, is in the log, and /readyz says degraded until one is', async () => {
  const path = join(here.directory, 'data/audit/node1-main/checkpoint')
  expect(await metric('ssp_audit_checkpoint_failures_total')).toBe(0)
  // The proxy may just write one.
  await until('a folder is in its place', () => {
    try {
      rmSync(path, { force: true })
      mkdirSync(path, { mode: 0o700 })
      return true
    } catch {
      return false
    }
  })
  expect((await call(here)).status).toBe(200)
  await until('it is told', async () => (await ready()).includes('[~]degraded: audit: the checkpoint of the log node1/main cannot be'))
  expect(await metric('ssp_audit_checkpoint_failures_total')).toBeGreaterThan(0)
  expect(said('the checkpoint of the log node1/main cannot be signed or written')).toBe(true)
  rmdirSync(path)
  await until('it is well again', async () => (await ready()) === 'ok\n')
  await until('that is told', () => said('the checkpoint of the log node1/main is written again'))
})
