import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { call, open, wireText } from '../support/consumer.ts'
import { runSsp } from '../support/run-ssp.ts'
import { world } from '../support/start-world.ts'
import { memoryOf, metricOn, openFilesOf, startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'
import { until } from '../support/until.ts'

/** How many calls are aborted; `SSP_ABORTED_CALLS=10000` runs the long form. */
const total = Number(process.env['SSP_ABORTED_CALLS'] ?? 2_000)
/** The first of them fill the memory that is used again and again. */
const warmUp = 2_000
const atATime = 64
const allowedGrowth = 96 * 1_048_576
const filler = 'x'.repeat(16_384)

let here: WorldProcess
beforeAll(async () => {
  here = await startWorldProcess({
    settings: {
      checks: { throttle: { requestsPerSecond: 100_000, burst: 100_000 } },
      // Idle connections to the provider go soon, so that what is left open is left by mistake.
      forwarding: { connectionsPerProvider: 256, idleConnectionSeconds: 1, capacity: { mode: 'observe' } },
    },
  })
  here.provider.answer = (request, response) => answerUntilGone(request.url ?? '', response)
})
afterAll(() => here.close())

/** Answers `now` at once, keeps `wait` waiting, and goes on answering `stream` until nobody listens. */
async function answerUntilGone(url: string, response: ServerResponse): Promise<void> {
  if (url.endsWith('=now')) return void response.end('{}')
  if (!url.endsWith('=stream')) return
  response.writeHead(200, { 'Content-Type': 'application/fhir+json' })
  const closed = once(response, 'close')
  while (!response.destroyed) if (!response.write(filler)) await Promise.race([once(response, 'drain'), closed])
}

function target(identifier: string): string {
  return `/${world.root}/Patient?identifier=${identifier}`
}

async function leave(socket: Socket): Promise<void> {
  socket.destroy()
  if (!socket.closed) await once(socket, 'close')
}

/** The ways in which consumers go away; those marked are forwarded before they do. */
const ways: readonly { readonly forwarded: boolean; readonly go: () => Promise<void> }[] = [
  {
    // Within the handshake: a record of TLS is announced and never sent.
    forwarded: false,
    go: async () => {
      const socket = connect(here.proxy.dataPort, '127.0.0.1')
      await once(socket, 'connect')
      socket.write(Buffer.from([22, 3, 1, 2, 0, 1]))
      await pause(5)
      await leave(socket)
    },
  },
  {
    // Within the head of the request.
    forwarded: false,
    go: async () => {
      const socket = await open(here)
      socket.write(wireText({ target: target('wait') }).slice(0, 200))
      await pause(5)
      await leave(socket)
    },
  },
  {
    // Before the head of the answer, which is never sent: the provider has the request.
    forwarded: true,
    go: async () => {
      const socket = await open(here)
      socket.write(wireText({ target: target('wait') }))
      await pause(100)
      await leave(socket)
    },
  },
  {
    // Within the answer.
    forwarded: true,
    go: async () => {
      const socket = await open(here)
      socket.write(wireText({ target: target('stream') }))
      await once(socket, 'data')
      await leave(socket)
    },
  },
  {
    // Within the upload.
    forwarded: true,
    go: async () => {
      const socket = await open(here)
      const extra = 'Content-Type: application/fhir+json\r\nContent-Length: 1000000\r\n'
      const interaction = 'urn:nhs:names:services:gpconnect:fhir:rest:create:appointment-1'
      socket.write(wireText({ method: 'POST', target: `/${world.root}/Appointment`, interaction, extra, body: filler }))
      await pause(100)
      await leave(socket)
    },
  },
]

/** Aborts so many calls, so many at a time, each way in turn. */
async function abort(calls: number): Promise<void> {
  let begun = 0
  const consumer = async () => {
    while (begun < calls) await ways[begun++ % ways.length]!.go()
  }
  await Promise.all(Array.from({ length: Math.min(atATime, calls) }, consumer))
}

async function stateOf() {
  const { body } = await here.page('/metrics')
  const files = await openFilesOf(here.pid)
  return { files, inFlight: metricOn(body, 'ssp_exchanges_in_flight'), connections: metricOn(body, 'ssp_consumer_connections') }
}

async function calm() {
  await until('nothing is in flight', async () => (await stateOf()).inFlight === 0)
  await until('the provider has no connections', () => here.provider.connections.open === 0)
  return { ...(await stateOf()), memory: (await memoryOf(here.pid)).now }
}

test(`F16: ${total} consumers that go away leave no socket, no memory and no open record behind, and are recorded as 499`, async () => {
  expect((await call(here, { target: target('now') })).status).toBe(200)
  await abort(warmUp)
  const before = await calm()
  let most = 0
  const watch = setInterval(() => {
    most = Math.max(most, here.provider.connections.open)
  }, 10)
  await abort(total)
  clearInterval(watch)
  const after = await calm()
  expect(after.files).toBeLessThanOrEqual(before.files + 2)
  expect(after).toMatchObject({ inFlight: 0, connections: 0 })
  expect(after.memory - before.memory).toBeLessThan(allowedGrowth)
  expect(most).toBeLessThanOrEqual(atATime * 2)

  const entries = here.audit()
  const forwarded = entries.flatMap((entry) => (entry.type === 'forwarding' ? [entry.exchange] : []))
  const outcomes = entries.flatMap((entry) => (entry.type === 'outcome' ? [entry] : []))
  expect(outcomes.map(({ exchange }) => exchange).sort()).toEqual([...forwarded].sort())
  const endings = new Set(outcomes.slice(1).map(({ end, status, origin }) => `${end} ${status} ${origin}`))
  expect(endings).toEqual(new Set(['aborted 499 consumer-network']))
  const share = ways.filter((way) => way.forwarded).length / ways.length
  expect(forwarded.length).toBe(1 + (warmUp + total) * share)
  const verified = await runSsp(['audit', 'verify', '--data', join(here.directory, 'data')])
  expect(verified.out).toMatch(/ ok {2}\d+ records/)
  expect(verified.out).not.toContain('without an outcome')
  expect((await call(here, { target: target('now') })).status).toBe(200)
}, 600_000)
