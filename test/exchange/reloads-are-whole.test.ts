import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AuditEntry } from '../../src/audit/entry.ts'
import { callControl } from '../../src/ops/control-client.ts'
import { wireText } from '../support/consumer.ts'
import { type CrlServer, startCrlServer } from '../support/crl-server.ts'
import { everyRefusalRecorded } from '../support/expect-refusal.ts'
import { startWorld, type World } from '../support/start-world.ts'
import { until } from '../support/until.ts'
import { dial } from '../support/wire.ts'

const plenty = { throttle: { requestsPerSecond: 100_000, burst: 100_000 } }
let here: World
let responder: CrlServer
afterEach(() => here.close())

/** Replaces a file as an editor or a secret store does: whole, at once. */
async function replace(name: string, text: string): Promise<void> {
  const path = join(here.directory, name)
  await writeFile(`${path}.new`, text, { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/**
 * Two states of everything that decides; each names itself in what a forwarding's record says of registry, sharing rules and settings, in Via at the provider,
 * in how long the answer says that the connection is kept, and in the status of a time-out.
 */
async function twoStates(): Promise<(state: 'A' | 'B') => Promise<void>> {
  const registry = JSON.parse(await readFile(join(here.directory, 'registry.yaml'), 'utf8')) as {
    endpoints: { cpaId: string; url?: string }[]
  }
  const sharing = JSON.parse(await readFile(join(here.directory, 'sharing.yaml'), 'utf8')) as { rules: { reference: string }[] }
  const settings = JSON.parse(await readFile(join(here.directory, 'config.yaml'), 'utf8')) as {
    checks: { throttle: { burst: number } }
    listener: object
    forwarding: { breaker: object }
    audit: object
  }
  const { authority, intermediate } = here.certificates
  let number = 100
  return async (state) => {
    const endpoints = registry.endpoints.map((one) => ({ ...one, cpaId: one.cpaId.replace(/^S\d/, `S${state === 'A' ? 1 : 2}`) }))
    await replace('registry.yaml', JSON.stringify({ ...registry, endpoints }))
    await replace('sharing.yaml', JSON.stringify({ rules: sharing.rules.map((rule) => ({ ...rule, reference: `RULE-${state}` })) }))
    const throttle = { ...settings.checks.throttle, burst: state === 'A' ? 100_001 : 100_002 }
    const idleTimeoutSeconds = state === 'A' ? 61 : 62
    const listener = { ...settings.listener, via: `proxy-${state}`, idleTimeoutSeconds, maxHeaders: 100 + idleTimeoutSeconds }
    const forwarding = {
      ...settings.forwarding,
      firstByteTimeoutSeconds: idleTimeoutSeconds,
      timeoutStatus: state === 'A' ? 504 : 599,
      connectionsPerProvider: idleTimeoutSeconds,
      capacity: { initialLimit: state === 'A' ? 16 : 32, queueLength: idleTimeoutSeconds },
      breaker: { ...settings.forwarding.breaker, windowSeconds: idleTimeoutSeconds },
    }
    const audit = { ...settings.audit, segmentBytes: state === 'A' ? 65_536 : 131_072 }
    await replace('config.yaml', JSON.stringify({ ...settings, checks: { throttle }, listener, forwarding, audit }))
    await replace('crl.pem', (await authority.crl({ number: ++number })) + (await intermediate.crl({ number })))
  }
}

/** What the records of all forwardings say they were decided by, each combination once. */
function decidedBy(): readonly string[] {
  const found = here.audit().flatMap((entry) => {
    if (entry.type !== 'forwarding') return []
    const { endpoint, sharingRule, registryVersion, settingsVersion } = entry
    return [`${endpoint.cpaId.slice(0, 2)} ${sharingRule} ${registryVersion} ${settingsVersion}`]
  })
  return [...new Set(found)].sort()
}

test('A5: a hundred reloads under load, each to another state of all files: no call fails, no connection is dropped, none is decided by half of each', async () => {
  // A process that is held up for seconds finds by itself that files have changed, in the midst of the test's own change of them: once more then.
  for (let attempt = 1; !(await hundredReloads()); attempt++) {
    expect(attempt).toBeLessThan(3)
    await here.close()
  }
})

/** Whether all reloads were those of the test. */
async function hundredReloads(): Promise<boolean> {
  here = await startWorld({ settings: { ...everyRefusalRecorded, checks: plenty } })
  const put = await twoStates()
  await put('A')
  expect(await here.proxy.reload('test')).toMatchObject({ ok: true })
  const first = here.audit().length
  let loading = true
  const consumer = async (): Promise<number> => {
    const line = await dial(here)
    let calls = 0
    while (loading) {
      line.send(wireText())
      const answers = await line.answered(++calls)
      expect(answers.at(-1)?.status).toBe(200)
      // The X-Rate headers and the record come from one state too.
      expect(['100001', '100002']).toContain(answers.at(-1)?.headers.get('x-rate-limit-limit'))
      expect(['timeout=61', 'timeout=62']).toContain(answers.at(-1)?.headers.get('keep-alive'))
    }
    expect(line.ended).toBe(false)
    line.close()
    return calls
  }
  const consumers = Promise.all([consumer(), consumer()])
  for (let nth = 1; nth <= 100; nth++) {
    await put(nth % 2 === 0 ? 'A' : 'B')
    // In turn by the operators' call and as the signal does it.
    if (nth % 4 < 2) expect(await here.proxy.reload('process')).toMatchObject({ ok: true })
    else expect((await callControl(here.proxy.socketPath, 'POST', '/reload', {})).status).toBe(200)
  }
  loading = false
  const calls = (await consumers).reduce((sum, one) => sum + one, 0)
  expect(calls).toBeGreaterThan(100)
  const entries = here.audit().slice(first)
  expect(entries.filter(({ type }) => type === 'refused')).toEqual([])
  expect(entries.filter(({ type }) => type === 'forwarding')).toHaveLength(calls)
  if (reloadsOf('process', entries) > 50) return false
  const states = decidedBy()
  expect(states.map((state) => state.slice(0, 9))).toEqual(['S1 RULE-A', 'S2 RULE-B'])
  // What the provider saw of each call was written under the settings by which it was decided.
  const ruleOf = new Map(entries.flatMap((entry) => (entry.type === 'forwarding' ? [[entry.request.traceId, entry.sharingRule]] : [])))
  const seen = here.provider.received.map(({ rawHeaders }) => {
    const value = (name: string) => rawHeaders[rawHeaders.findIndex((one) => one.toLowerCase() === name) + 1] ?? ''
    return `${ruleOf.get(value('ssp-traceid'))} ${value('via')}`
  })
  expect([...new Set(seen)].sort()).toEqual(['RULE-A 1.1 proxy-A', 'RULE-B 1.1 proxy-B'])
  expect(new Set(states.flatMap((state) => state.split(' ').slice(2))).size).toBe(4)
  return true
}

function reloadsOf(actor: string, entries: readonly AuditEntry[]): number {
  return entries.filter((entry) => entry.type === 'operation' && entry.act.startsWith('reload') && entry.actor === actor).length
}

describe('with a responder that takes its time', () => {
  beforeEach(async () => {
    responder = await startCrlServer()
  })
  afterEach(() => responder.close())

  test('A5: a call that waited for it while everything was reloaded is decided by what is in force then, all of it', async () => {
    responder.answer = () => undefined
    here = await startWorld({
      settings: {
        checks: plenty,
        trust: { ocsp: { url: responder.url, mode: 'check', timeoutSeconds: 1.5 } },
        forwarding: { allowedNetworks: ['127.0.0.0/8'] },
      },
    })
    const put = await twoStates()
    await put('B')
    const line = await dial(here)
    line.send(wireText())
    await until('the responder is asked', () => responder.requests.length > 0)
    expect(await here.proxy.reload('test')).toMatchObject({ ok: true })
    const [answer] = await line.answered(1)
    expect(answer?.status).toBe(200)
    line.send(wireText())
    await line.answered(2)
    line.close()
    expect(decidedBy()).toHaveLength(1)
    expect(decidedBy()[0]).toMatch(/^S2 RULE-B /)
  })
})

test('A5: a reload that is refused changes nothing of anything: not the half that could have been taken', async () => {
  here = await startWorld({ settings: { ...everyRefusalRecorded, checks: plenty } })
  const put = await twoStates()
  await put('A')
  expect(await here.proxy.reload('test')).toMatchObject({ ok: true })
  const line = await dial(here)
  for (const [nth, broken] of [
    'registry.yaml',
    'sharing.yaml',
    'crl.pem',
    'ca.pem',
    'server.pem',
    'client.key',
    'operators-ca.pem',
    'config.yaml',
  ].entries()) {
    const good = await readFile(join(here.directory, broken), 'utf8')
    await put('B')
    await replace(broken, '{ broken')
    expect(await here.proxy.reload('test')).toMatchObject({ ok: false })
    line.send(wireText())
    expect((await line.answered(nth + 1)).at(-1)?.status).toBe(200)
    await replace(broken, good)
    await put('A')
  }
  line.close()
  expect(decidedBy().map((state) => state.slice(0, 9))).toEqual(['S1 RULE-A'])
  // The first one was taken.
  expect(reloadsOf('test', here.audit())).toBe(9)
})
