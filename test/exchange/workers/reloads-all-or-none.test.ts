import { execFileSync } from 'node:child_process'
import { createServer, type Server } from 'node:net'
import { call } from '../../support/consumer.ts'
import { whereInstalled } from '../../support/outside-program.ts'
import { changeSettings } from '../../support/reload-with.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { until } from '../../support/until.ts'

const plenty = { requestsPerSecond: 100_000, burst: 100_000, concurrent: 10_000 }
let here: WorkersWorld
let first: string
let taken: Server | undefined
beforeEach(async () => {
  here = await startWorkers({ settings: { checks: { throttle: plenty } } })
  const { exchange } = await call(here)
  first =
    here.auditOf(here.workerOf({ exchange }) ?? '').flatMap((entry) => (entry.type === 'forwarding' ? [entry.settingsVersion] : []))[0] ??
    ''
})
afterEach(async () => {
  taken?.close()
  await here.close()
})

/** By which settings calls are decided and forwarded, at both workers: whether they are those of the start, and Via at the provider. */
async function inForce(): Promise<readonly string[]> {
  const found = new Set<string>()
  const workers = new Set<string>()
  for (let nth = 0; nth < 4; nth++) {
    const { status, exchange } = await call(here)
    expect(status).toBe(200)
    const worker = here.workerOf({ exchange }) ?? ''
    workers.add(worker)
    const { rawHeaders = [] } = here.provider.received.at(-1) ?? {}
    const via = rawHeaders[rawHeaders.findIndex((name) => name.toLowerCase() === 'via') + 1]
    for (const entry of here.auditOf(worker))
      if (entry.type === 'forwarding' && entry.exchange === exchange)
        found.add(`${entry.settingsVersion === first ? 'first' : 'later'} ${via}`)
  }
  expect(workers).toEqual(new Set(['w1', 'w2']))
  return [...found]
}

const changed = { checks: { throttle: { ...plenty, burst: 100_001 } }, listener: { via: 'other', idleTimeoutSeconds: 17 } }

async function reload(): Promise<number> {
  return (await here.control('POST', '/reload')).status
}

whereInstalled('prlimit', (prlimit) => {
  const limitTo = (pid: number, files: number) => execFileSync(prlimit, ['--pid', String(pid), `--nofile=${files}:`])

  test('A5: a reload that one worker alone refuses leaves every worker, and the process that controls them, on the old settings; taken later, it is in force in all', async () => {
    expect(await inForce()).toEqual(['first 1.1 ssp'])
    const { w2 } = Object.fromEntries(await here.pids())
    // It can open no file: the others can read what it cannot.
    limitTo(w2 ?? 0, 1)
    await changeSettings(here, changed)
    const refused = await here.control('POST', '/reload')
    expect(refused.status).not.toBe(200)
    expect(JSON.stringify(refused.body)).toMatch(/worker w2: .*EMFILE/)
    expect(JSON.stringify(refused.body)).not.toContain('worker w1')
    limitTo(w2 ?? 0, 1024)
    expect(await inForce()).toEqual(['first 1.1 ssp'])
    const config = (await here.control('GET', '/config')).body
    expect(config).toMatchObject({ checks: { throttle: { burst: 100_000 } }, listener: { via: 'ssp', idleTimeoutSeconds: 60 } })
    expect((await here.page('/metrics')).body).toMatch(/^ssp_config_last_reload_successful 0$/m)
    expect((await here.page('/readyz?verbose')).body).toContain('the last reload was refused')
    expect(await reload()).toBe(200)
    expect(await inForce()).toEqual(['later 1.1 other'])
    expect((await here.page('/metrics')).body).toMatch(/^ssp_config_last_reload_successful 1$/m)
  })
})

test('another port is that of all workers, or of none where it cannot be had', async () => {
  taken = createServer()
  await new Promise<void>((resolve) => taken?.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as { port: number }
  const before = here.proxy.dataPort
  await changeSettings(here, { listener: { port, via: 'other' } })
  expect(await reload()).not.toBe(200)
  expect(await inForce()).toEqual(['first 1.1 ssp'])
  await new Promise((resolve) => taken?.close(resolve))
  expect(await reload()).toBe(200)
  await expect(call(here)).rejects.toThrow('ECONNREFUSED')
  const moved = { ...here.proxy, dataPort: port }
  expect(before).not.toBe(port)
  here = Object.assign(here, { proxy: moved })
  expect(await inForce()).toEqual(['later 1.1 other'])
})

test('a worker that takes the place of one that died has of what only a start can change what the others have', async () => {
  await changeSettings(here, { dataDirectory: 'elsewhere', listener: { via: 'other' } })
  const answer = await here.control('POST', '/reload')
  expect(answer.status).toBe(200)
  expect(JSON.stringify(answer.body)).toContain('dataDirectory waits for the next start')
  process.kill((await here.pids()).get('w1') as number, 'SIGKILL')
  await until('it is replaced', async () => (await here.page('/metrics')).body.includes('ssp_workers_lost_total 1'))
  await until('there are two again', async () => (await here.page('/metrics')).body.includes('ssp_workers{state="ready"} 2'))
  expect(await inForce()).toEqual(['later 1.1 other'])
})
