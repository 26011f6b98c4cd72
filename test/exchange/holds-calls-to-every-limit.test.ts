import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { call } from '../support/consumer.ts'
import { smallBundle } from '../support/fake-provider.ts'
import { certificates, startWorld, type World, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

const everybody = [{ reference: 'ALL', effect: 'allow', from: '*', to: '*', interactions: ['*'] }]
const asStranger = (here: World) => ({ as: here.certificates.stranger, headers: { 'Ssp-From': world.stranger.asid } })

async function inWorld(throttle: object, run: (here: World) => Promise<void>): Promise<void> {
  const here = await startWorld({ settings: { checks: { throttle } }, sharingRules: everybody })
  try {
    await run(here)
  } finally {
    await here.close()
  }
}

/** A provider that keeps calls until they are let go. */
function holdAnswers(here: World): { readonly held: () => number; letGo(): void } {
  const waiting: (() => void)[] = []
  here.provider.answer = async (_request, response, body) => {
    await body()
    await new Promise<void>((resolve) => waiting.push(resolve))
    response.writeHead(200, { 'Content-Type': 'application/fhir+json', 'Content-Length': Buffer.byteLength(smallBundle) })
    response.end(smallBundle)
  }
  return {
    held: () => waiting.length,
    letGo: () => {
      for (const go of waiting.splice(0)) go()
    },
  }
}

test.each([
  ['organisation', world.consumer.odsCode],
  ['provider', world.provider.asid],
  ['provider-organisation', world.provider.odsCode],
  ['interaction', world.searchPatient],
  ['system-provider', world.provider.asid],
  ['system-interaction', world.searchPatient],
])('%s: a limit of its own, by name, which the answers tell of and beyond which is 429', async (dimension, named) => {
  const overrides = { [named]: { requestsPerSecond: 0.01, burst: 1 } }
  await inWorld({ limits: { [dimension]: { overrides } } }, async (here) => {
    const first = await call(here)
    expect([first.status, first.headers['ratelimit-policy'], first.headers['ratelimit']]).toEqual([
      200,
      `"${dimension}";q=1;w=100`,
      `"${dimension}";r=0;t=100`,
    ])
    const second = await call(here)
    expect([second.status, second.verdict.rule, second.headers['retry-after']]).toEqual([429, 'throttle', '100'])
  })
})

test('certificate: whatever systems one certificate speaks for share its limit; another certificate has its own', async () => {
  await inWorld({ limits: { certificate: { requestsPerSecond: 0.01, burst: 1 } } }, async (here) => {
    expect((await call(here)).status).toBe(200)
    expect((await call(here)).status).toBe(429)
    expect((await call(here, asStranger(here))).status).toBe(200)
  })
})

test('certificate: one that is named by its SHA-256 has a limit of its own', async () => {
  const { consumer } = await certificates()
  const named = new X509Certificate(consumer.certificatePem).fingerprint256.replaceAll(':', '').toLowerCase()
  await inWorld({ limits: { certificate: { overrides: { [named]: { requestsPerSecond: 0.01, burst: 1 } } } } }, async (here) => {
    for (const status of [200, 429]) expect((await call(here)).status).toBe(status)
    for (const status of [200, 200]) expect((await call(here, asStranger(here))).status).toBe(status)
  })
})

test.each(['organisation', 'certificate', 'provider', 'provider-organisation', 'interaction', 'system-provider', 'system-interaction'])(
  '%s: calls at once are limited too',
  async (dimension) => {
    await inWorld({ limits: { [dimension]: { concurrent: 1 } } }, async (here) => {
      const provider = holdAnswers(here)
      const first = call(here)
      await until('it is under way', () => provider.held() === 1)
      const second = await call(here)
      expect([second.status, second.headers['ratelimit-policy']]).toEqual([429, `"${dimension}";q=1;qu="concurrent-requests"`])
      provider.letGo()
      expect((await first).status).toBe(200)
    })
  },
)

test('a window of the week has its own limits while it has begun, and another that has not changes nothing', async () => {
  const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
  const tomorrow = days[(new Date().getUTCDay() + 2) % 7]
  const windows = { always: [{ days, from: '00:00', to: '00:00' }], later: [{ days: [tomorrow], from: '09:00', to: '10:00' }] }
  const strict = { requestsPerSecond: 0.01, burst: 1 }
  for (const [name, statuses] of [
    ['always', [200, 429]],
    ['later', [200, 200]],
  ] as const)
    await inWorld({ windows, during: { [name]: strict } }, async (here) => {
      for (const status of statuses) expect((await call(here)).status).toBe(status)
    })
})

test('D10: a costly interaction has a limit for each system, and others are free meanwhile', async () => {
  const overrides = { [world.searchPatient]: { requestsPerSecond: 0.01, burst: 1, concurrent: 1 } }
  await inWorld({ limits: { 'system-interaction': { overrides } } }, async (here) => {
    expect((await call(here)).status).toBe(200)
    expect((await call(here)).status).toBe(429)
    const other = { interaction: world.unknownForm, url: `${world.root}/Slot/1` }
    expect((await call(here, other)).status).toBe(200)
    expect((await call(here, asStranger(here))).status).toBe(200)
  })
})

test('calls at once: beyond them 429 with the unit in its policy; whatever becomes of a call, its place is free again, once', async () => {
  await inWorld({ requestsPerSecond: 1000, burst: 1000, concurrent: 2 }, async (here) => {
    const provider = holdAnswers(here)
    const calls = [call(here), call(here)]
    await until('both are under way', () => provider.held() === 2)
    const third = await call(here)
    expect([third.status, third.headers['ratelimit-policy'], third.headers['ratelimit'], third.headers['retry-after']]).toEqual([
      429,
      '"system";q=2;qu="concurrent-requests"',
      '"system";r=0;t=1',
      '1',
    ])
    provider.letGo()
    for (const one of calls) expect((await one).status).toBe(200)
    // Refused after it was taken, failed at the provider, and cut by the provider: each gives its place back.
    here.provider.answer = (request) => request.socket.destroy()
    for (let i = 0; i < 5; i++) expect((await call(here, { method: 'GET' })).status).toBe(502)
    here.provider.answer = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/fhir+json', 'Content-Length': 100 })
      response.write('{')
      setImmediate(() => response.destroy())
    }
    for (let i = 0; i < 5; i++) await expect(call(here)).rejects.toThrow(/aborted|hang up|ECONNRESET/)
    const again = holdAnswers(here)
    const two = [call(here), call(here)]
    await until('two are under way again', () => again.held() === 2)
    expect((await call(here)).status).toBe(429)
    again.letGo()
    await Promise.all(two)
  })
})

test('bytes under way: a body that is declared counts from the start, and is free with the end of its call', async () => {
  await inWorld({ bytesInFlight: 1_000 }, async (here) => {
    const provider = holdAnswers(here)
    const structured = 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1'
    const sends = (bytes: number) => ({
      method: 'POST',
      interaction: structured,
      url: `${world.root}/Patient/$gpc.getstructuredrecord`,
      body: JSON.stringify({ resourceType: 'Parameters', text: 'x'.repeat(bytes) }),
    })
    const large = call(here, sends(5_000))
    await until('it is under way', () => provider.held() === 1)
    const refused = await call(here, sends(100))
    expect([refused.status, refused.headers['ratelimit-policy']]).toEqual([429, '"system";q=1000;qu="content-bytes"'])
    provider.letGo()
    expect((await large).status).toBe(200)
    const next = call(here, sends(100))
    await until('the next is under way', () => provider.held() === 1)
    provider.letGo()
    expect((await next).status).toBe(200)
  })
})

test('bytes under way: what is streamed counts as it passes, in both directions, and arrives whole', async () => {
  await inWorld({ bytesInFlight: 50_000 }, async (here) => {
    const answers: (() => void)[] = []
    here.provider.answer = async (_request, response, body) => {
      await body()
      response.writeHead(200, { 'Content-Type': 'application/fhir+json' })
      response.write('a'.repeat(40_000))
      await new Promise<void>((resolve) => answers.push(resolve))
      response.end('z')
    }
    const structured = 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1'
    const sends = {
      method: 'POST',
      interaction: structured,
      url: `${world.root}/Patient/$gpc.getstructuredrecord`,
      headers: { 'Transfer-Encoding': 'chunked' },
      body: 'x'.repeat(20_000),
    }
    const streamed = call(here, sends)
    await until('both bodies have passed', async () => {
      if (answers.length !== 1) return false
      const probe = await call(here, { method: 'POST', interaction: structured, url: sends.url, body: 'y' })
      return probe.status === 429
    })
    answers[0]?.()
    const answer = await streamed
    expect([answer.status, answer.body.length]).toEqual([200, 40_001])
    expect(here.provider.received[0]?.body.length).toBe(20_000)
    const free = call(here)
    await until('the next is under way', () => answers.length === 2)
    answers[1]?.()
    expect((await free).status).toBe(200)
  })
})

test('one limit may observe while the others enforce: it is recorded, and nothing is refused', async () => {
  const organisation = { mode: 'observe', requestsPerSecond: 0.01, burst: 1 }
  await inWorld({ limits: { organisation } }, async (here) => {
    for (let i = 0; i < 3; i++) {
      const answer = await call(here)
      expect([answer.status, answer.headers['ratelimit-policy']]).toEqual([200, '"system";q=100;w=2'])
    }
    const observed = (await here.audit()).flatMap((entry) => (entry.type === 'forwarding' ? [entry.observed] : []))
    expect(observed).toEqual([
      [],
      ...[1, 2].map(() => [
        { rule: 'throttle', code: 'TOO_MANY_REQUESTS', reason: 'organisation T77777 is over 0.01 requests a second (burst 1)' },
      ]),
    ])
  })
})

test('a reload of the settings gives nobody a new burst, and new limits count at once', async () => {
  const settings = { requestsPerSecond: 0.01, burst: 2 }
  await inWorld(settings, async (here) => {
    for (const status of [200, 200, 429]) expect((await call(here)).status).toBe(status)
    expect((await here.proxy.reload('test')).ok).toBe(true)
    expect((await call(here)).status).toBe(429)
    const file = join(here.directory, 'config.yaml')
    const config = JSON.parse(await readFile(file, 'utf8'))
    config.checks.throttle = { requestsPerSecond: 0.01, burst: 3 }
    await writeFile(file, JSON.stringify(config), { mode: 0o600 })
    expect((await here.proxy.reload('test')).ok).toBe(true)
    for (const status of [200, 429]) expect((await call(here)).status).toBe(status)
  })
})
