import { X509Certificate } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { call, open } from '../support/consumer.ts'
import { world } from '../support/start-world.ts'
import { metricOn, startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'
import { until } from '../support/until.ts'

let here: WorldProcess
beforeAll(async () => {
  here = await startWorldProcess({ settings: { checks: { throttle: { requestsPerSecond: 100_000, burst: 100_000 } } } })
})
afterAll(() => here.close())

/** Replaces a file as an editor or a secret store does: whole, at once. */
async function replace(name: string, text: string): Promise<void> {
  const path = join(here.directory, name)
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

function file(name: string): Promise<string> {
  return readFile(join(here.directory, name), 'utf8')
}

/** Changes a file and resolves once the proxy has looked at it, because of `how`. */
async function change(name: string, text: string, how: 'signal' | 'watch'): Promise<'taken' | 'refused'> {
  const before = here.log.length
  await replace(name, text)
  if (how === 'signal') here.signal('SIGHUP')
  const found = await until('the proxy has reloaded', () =>
    here.log.slice(before).find(({ msg }) => msg === 'reloaded' || String(msg).startsWith('the reload was refused')),
  )
  return found['msg'] === 'reloaded' ? 'taken' : 'refused'
}

async function reloadState() {
  const [ready, metrics] = await Promise.all([here.page('/readyz?verbose'), here.page('/metrics')])
  return {
    ready: ready.status,
    warned: ready.body.includes('the last reload was refused'),
    metric: metricOn(metrics.body, 'ssp_config_last_reload_successful'),
  }
}

describe.each([
  ['signal', ['registry.yaml', 'sharing.yaml', 'server.pem', 'server.key', 'client.pem', 'ca.pem', 'crl.pem', 'config.yaml']],
  ['watch', ['registry.yaml']],
] as const)('by %s', (how, files) => {
  test('a registry that no longer holds the consumer’s interactions refuses its calls, and the old one takes them again', async () => {
    const good = await file('registry.yaml')
    const registry = JSON.parse(good) as { systems: { asid: string; interactions: string[] }[] }
    for (const system of registry.systems) if (system.asid === world.consumer.asid) system.interactions = []
    expect((await call(here)).status).toBe(200)
    expect(await change('registry.yaml', JSON.stringify(registry), how)).toBe('taken')
    expect(await call(here)).toMatchObject({ status: 403, verdict: { rule: 'sender-interaction' } })
    expect(await change('registry.yaml', good, how)).toBe('taken')
    expect((await call(here)).status).toBe(200)
  })

  test.each(files)('a broken %s keeps the last good one, and is seen in readiness and metrics until it is mended', async (name) => {
    const good = await file(name)
    expect(await change(name, '{ broken', how)).toBe('refused')
    expect(await reloadState()).toEqual({ ready: 200, warned: true, metric: 0 })
    expect((await call(here)).status).toBe(200)
    expect(await change(name, good, how)).toBe('taken')
    expect(await reloadState()).toEqual({ ready: 200, warned: false, metric: 1 })
  })
})

test('a new server certificate is shown to new connections, and old connections go on', async () => {
  const shown = async () => {
    const socket = await open(here)
    const { serialNumber } = socket.getPeerX509Certificate() as X509Certificate
    return { socket, serialNumber }
  }
  const old = await shown()
  const { intermediate } = here.certificates
  const fresh = await intermediate.issue({
    cn: 'proxy.dev.spine2.ncrs.nhs.uk',
    dnsNames: ['proxy.dev.spine2.ncrs.nhs.uk', 'localhost'],
    ipAddresses: ['127.0.0.1'],
    usages: ['serverAuth'],
  })
  // The key first: a certificate without its key is refused, and what was in force stays so until both are there.
  await replace('server.key', fresh.keyPem)
  expect(await change('server.pem', fresh.chainPem, 'signal')).toBe('taken')
  const now = await shown()
  expect(now.serialNumber).toBe(new X509Certificate(fresh.certificatePem).serialNumber)
  expect(now.serialNumber).not.toBe(old.serialNumber)
  expect(old.socket.destroyed).toBe(false)
  old.socket.destroy()
  now.socket.destroy()
})

test('A5: a hundred reloads under load drop no call', async () => {
  const reloads = () => here.log.filter(({ msg }) => msg === 'reloaded').length
  const before = reloads()
  let loading = true
  const statuses = new Map<number, number>()
  const consumer = async () => {
    while (loading) {
      const { status } = await call(here)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  const consumers = Promise.all([consumer(), consumer(), consumer(), consumer()])
  for (let nth = 1; nth <= 100; nth++) {
    here.signal('SIGHUP')
    await until('it has reloaded', () => reloads() >= before + nth)
  }
  loading = false
  await consumers
  expect([...statuses.keys()]).toEqual([200])
  expect((await reloadState()).metric).toBe(1)
})
