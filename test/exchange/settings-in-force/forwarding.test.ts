import type { ServerResponse } from 'node:http'
import { call } from '../../support/consumer.ts'
import { startFakeProvider } from '../../support/fake-provider.ts'
import { reloadWith } from '../../support/reload-with.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'
import { metricsOf } from '../../support/wire.ts'

let here: World
afterEach(() => here.close())

/** Lets the provider take calls and say nothing until the test does. */
function holdAnswers(): ServerResponse[] {
  const held: ServerResponse[] = []
  here.provider.answer = async (_request, response, body) => {
    await body()
    held.push(response)
  }
  return held
}

test('A5: a call under way keeps the times that it began with; the next one has the new time and the new status', async () => {
  here = await startWorld()
  const held = holdAnswers()
  const first = call(here)
  await until('the provider has the first call', () => held.length === 1)
  await reloadWith(here, { forwarding: { firstByteTimeoutSeconds: 0.3, timeoutStatus: 599 } })
  expect(await call(here)).toMatchObject({ status: 599, verdict: { origin: 'provider' } })
  held[0]?.writeHead(200, { 'Content-Type': 'application/fhir+json', 'Content-Length': 2 }).end('{}')
  expect((await first).status).toBe(200)
})

test('the time of one interaction, and the pause within an answer, are those of the settings in force; the connection may be an old one', async () => {
  here = await startWorld()
  expect((await call(here)).status).toBe(200)
  await reloadWith(here, { forwarding: { firstByteTimeouts: [{ interaction: world.searchPatient, seconds: 0.3 }] } })
  const held = holdAnswers()
  expect((await call(here)).status).toBe(504)
  await reloadWith(here, { forwarding: { firstByteTimeouts: [], silenceTimeoutSeconds: 0.3 } })
  here.provider.answer = async (_request, response, body) => {
    await body()
    response.writeHead(200, { 'Content-Type': 'application/fhir+json', 'Content-Length': 100 }).write('{')
  }
  await expect(call(here)).rejects.toThrow()
  expect(held).toHaveLength(1)
})

test('a provider that is dialled elsewhere gets the next call there, and the connections to where it was end', async () => {
  here = await startWorld()
  const { provider, authority } = here.certificates
  const other = await startFakeProvider({ cert: provider.chainPem, key: provider.keyPem, ca: authority.certificatePem })
  try {
    expect((await call(here)).status).toBe(200)
    expect(here.provider.connections.open).toBe(1)
    await reloadWith(here, { forwarding: { dialOverrides: { 'provider.thirdparty.nhs.uk:443': `127.0.0.1:${other.port}` } } })
    expect((await call(here)).status).toBe(200)
    expect([here.provider.received.length, other.received.length]).toEqual([1, 1])
    await until('the old connection has ended', () => here.provider.connections.open === 0)
  } finally {
    await other.close()
  }
})

test('a call on a connection that is given up comes to its end all the same', async () => {
  here = await startWorld()
  const held = holdAnswers()
  const first = call(here)
  await until('the provider has the call', () => held.length === 1)
  await reloadWith(here, { forwarding: { dialOverrides: { 'provider.thirdparty.nhs.uk:443': '127.0.0.1:1' } } })
  expect((await call(here)).status).toBe(502)
  held[0]?.writeHead(200, { 'Content-Type': 'application/fhir+json', 'Content-Length': 2 }).end('{}')
  expect((await first).status).toBe(200)
  await until('its connection has ended', () => here.provider.connections.open === 0)
})

test('capacity: fewer places and no queue refuse the call beyond them; more places let those that wait begin', async () => {
  here = await startWorld()
  const held = holdAnswers()
  const calls = [call(here)]
  await until('the provider has the first call', () => held.length === 1)
  const one = { minimumLimit: 1, initialLimit: 1 }
  await reloadWith(here, { forwarding: { connectionsPerProvider: 1, capacity: { ...one, queueLength: 0 } } })
  expect(await call(here)).toMatchObject({ status: 503, verdict: { rule: 'provider-capacity' } })
  await reloadWith(here, { forwarding: { connectionsPerProvider: 1, capacity: { ...one, queueSeconds: 60 } } })
  calls.push(call(here))
  await until('it waits', async () => (await metricsOf(here)).get('ssp_provider_calls_waiting') === 1)
  await reloadWith(here, { forwarding: { connectionsPerProvider: 64, capacity: { minimumLimit: 16, queueSeconds: 60 } } })
  await until('the provider has the second too', () => held.length === 2)
  for (const response of held) response.writeHead(200, { 'Content-Type': 'application/fhir+json', 'Content-Length': 2 }).end('{}')
  expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([200, 200])
})

test('the pseudonym in Via is the one in force', async () => {
  here = await startWorld()
  await reloadWith(here, { listener: { via: 'another' } })
  await call(here)
  const { rawHeaders = [] } = here.provider.received[0] ?? {}
  expect(rawHeaders[rawHeaders.findIndex((name) => name.toLowerCase() === 'via') + 1]).toContain('another')
})
