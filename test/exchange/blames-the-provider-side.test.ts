import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { call, open, wireText } from '../support/consumer.ts'
import { expectRefusedAnswer } from '../support/expect-refusal.ts'
import { plainAnswer, type ScriptedWorld, startScriptedWorld } from '../support/scripted-provider.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

const impatient = { firstByteTimeoutSeconds: 0.4, silenceTimeoutSeconds: 0.4, connectTimeoutSeconds: 0.5, tlsTimeoutSeconds: 0.5 }
const create = 'urn:nhs:names:services:gpconnect:fhir:rest:create:appointment-1'
const appointments = `${world.root}/Appointment`

let here: ScriptedWorld
beforeAll(async () => {
  here = await startScriptedWorld({ settings: { forwarding: impatient } })
})
afterAll(() => here.close())

function outcomeOf(exchange: string, of: World = here.world) {
  return until('the outcome is recorded', () => of.audit().find((entry) => entry.type === 'outcome' && entry.exchange === exchange))
}

/** A call whose answer is cut: what had come, and what the audit says of it. */
async function cutCall(): Promise<{ readonly text: string; readonly outcome: unknown }> {
  const socket = await open(here.world)
  const chunks: Buffer[] = []
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const closed = once(socket, 'close')
  socket.write(wireText())
  await closed
  const text = Buffer.concat(chunks).toString('latin1')
  return { text, outcome: await outcomeOf(/Ssp-Verdict: .*id="([0-9a-f]{32})"/.exec(text)?.[1] ?? '') }
}

describe('D4: before an answer has begun', () => {
  test('a provider that hangs is 504, its own doing', async () => {
    here.script = () => undefined
    const answer = await call(here.world)
    expect([answer.status, answer.verdict.origin]).toEqual([504, 'provider'])
    expect(answer.body.toString()).toContain(
      'TIMEOUT_COMMUNICATING_TO_ENDPOINT_URL_https://provider.thirdparty.nhs.uk/T99999/STU3/1/Patient"',
    )
    expect(await outcomeOf(answer.exchange)).toMatchObject({ end: 'refused', status: 504 })
    await until('its connection is gone', () => here.connections.open === 0)
  })

  test.each([
    ['its headers byte by byte', (nth: number) => 'HTTP/1.1 200 OK\r\nX-Slow: '[nth] ?? 'a'],
    ['interim answers without end', () => 'HTTP/1.1 102 Processing\r\n\r\n'],
  ])('a provider that sends %s is 504', async (_what, piece) => {
    here.script = (socket) => {
      let nth = 0
      const timer = setInterval(() => socket.write(piece(nth++)), 120)
      socket.once('close', () => clearInterval(timer))
    }
    const answer = await call(here.world)
    expect([answer.status, answer.verdict.origin]).toEqual([504, 'provider'])
    await until('its connection is gone', () => here.connections.open === 0)
  })

  test('a provider that does not read what is uploaded is 504', async () => {
    let wake: () => void = () => undefined
    here.script = (socket) => {
      socket.pause()
      wake = () => socket.resume()
    }
    const answer = await call(here.world, { method: 'POST', interaction: create, url: appointments, body: Buffer.alloc(16_000_000, 32) })
    expect([answer.status, answer.verdict.origin]).toEqual([504, 'provider'])
    wake()
  })

  test('a provider that answers before it has read the upload is heard, and its connection is not used again', async () => {
    let wake: () => void = () => undefined
    here.script = (socket) => {
      socket.pause()
      wake = () => socket.resume()
      socket.write('HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\n{}')
    }
    const answer = await call(here.world, { method: 'POST', interaction: create, url: appointments, body: Buffer.alloc(16_000_000, 32) })
    expect([answer.status, answer.verdict.origin]).toEqual([413, 'provider'])
    wake()
    await until('its connection is gone', () => here.connections.open === 0)
  })

  test('a provider that closes a new connection without a word is 502, the network’s doing', async () => {
    here.script = (socket) => void socket.destroy()
    const answer = await call(here.world)
    expect([answer.status, answer.verdict.origin]).toEqual([502, 'provider-network'])
  })
})

describe('D4: once an answer has begun', () => {
  test.each([
    [
      'falls silent',
      'provider',
      (socket: { write(text: string): unknown }) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a":'),
    ],
    [
      'falls silent in its chunks',
      'provider',
      (socket: { write(text: string): unknown }) =>
        void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n'),
    ],
    [
      'resets its connection',
      'provider-network',
      (socket: { write(text: string): unknown; destroy(): unknown }) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a":')
        setTimeout(() => socket.destroy(), 30)
      },
    ],
    [
      'ends before its Content-Length',
      'provider-network',
      (socket: { end(text: string): unknown }) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"a":'),
    ],
    [
      'ends before its last chunk',
      'provider-network',
      (socket: { end(text: string): unknown }) => void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n'),
    ],
    [
      'sends a chunk that is none',
      'provider',
      (socket: { write(text: string): unknown }) =>
        void socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\nzz\r\n'),
    ],
  ])('a provider that %s has the consumer’s connection cut, so that nobody takes the part for the whole', async (_what, origin, script) => {
    here.script = script as ScriptedWorld['script']
    const { text, outcome } = await cutCall()
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    expect(text).toContain('{"a":')
    expect(text).not.toMatch(/\r\n0\r\n/)
    const verdict = origin === 'provider' ? 'ANSWER_CUT_BY_PROVIDER' : 'ANSWER_CUT_BY_NETWORK'
    expect(outcome).toMatchObject({ end: 'aborted', status: 200, providerStatus: 200, origin, verdict, responseBytes: 5 })
    await until('the provider’s connection is gone', () => here.connections.open === 0)
  })
})

describe('F17: a kept connection that the provider closes as the proxy writes', () => {
  /** Answers the first request on each connection and destroys the connection at the second. */
  const closesAtSecond: ScriptedWorld['script'] = (socket, { nth }) => (nth === 0 ? socket.write(plainAnswer('{}')) : socket.destroy())

  test('a GET is tried once more, on a new connection', async () => {
    here.script = closesAtSecond
    const statuses = [(await call(here.world)).status]
    here.seen.length = 0
    statuses.push((await call(here.world)).status)
    expect(statuses).toEqual([200, 200])
    expect(here.seen.map(({ nth }) => nth)).toEqual([1, 0])
  })

  test('and not a third time', async () => {
    here.script = (socket) => socket.write(plainAnswer('{}'))
    await call(here.world)
    here.seen.length = 0
    here.script = (socket) => socket.destroy()
    const answer = await call(here.world)
    expect([answer.status, answer.verdict.origin]).toEqual([502, 'provider-network'])
    expect(here.seen.length).toBe(2)
  })

  test('a POST is never sent twice', async () => {
    here.script = (socket) => socket.write(plainAnswer('{}'))
    await call(here.world)
    here.seen.length = 0
    here.script = (socket) => socket.destroy()
    const answer = await call(here.world, { method: 'POST', interaction: create, url: appointments, body: '{}' })
    expectRefusedAnswer(answer, {
      ...{ status: 502, rule: 'provider-exchange', origin: 'provider-network', code: 'PROVIDER_UNREACHABLE', issue: 'transient' },
      text: `ERROR_COMMUNICATING_TO_ENDPOINT_URL_${appointments}`,
    })
    expect(await outcomeOf(answer.exchange)).toMatchObject({ end: 'refused', status: 502, origin: 'provider-network' })
    expect(here.seen.map(({ nth }) => nth)).toEqual([1])
  })

  test.each<readonly [string, ScriptedWorld['script'], number]>([
    ['is kept waiting', () => undefined, 504],
    ['gets rubbish', (socket) => socket.write('busy, come again\r\n\r\n'), 502],
    ['gets an interim answer, then nothing', (socket) => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 504],
    ['gets a line end, then nothing', (socket) => socket.write('\r\n'), 504],
  ])('D4: a GET that %s on a kept connection is not tried again: the connection did not break', async (_what, script, status) => {
    here.script = (socket) => socket.write(plainAnswer('{}'))
    await call(here.world)
    here.seen.length = 0
    here.script = script
    const answer = await call(here.world)
    expect([answer.status, answer.verdict.origin]).toEqual([status, 'provider'])
    expect(here.seen.map(({ nth }) => nth)).toEqual([1])
    expect(await outcomeOf(answer.exchange)).toMatchObject({ end: 'refused', status, origin: 'provider' })
    await until('its connection is gone', () => here.connections.open === 0)
  })

  test('a GET that was answered in part is not tried again', async () => {
    here.script = (socket) => socket.write(plainAnswer('{}'))
    await call(here.world)
    here.seen.length = 0
    here.script = (socket) => socket.end('HTTP/1.1 200 OK\r\nX-A: ')
    expect((await call(here.world)).status).toBe(502)
    expect(here.seen.length).toBe(1)
  })
})

describe('a provider that is not there', () => {
  const servers: Server[] = []
  afterAll(() => {
    for (const server of servers) server.close()
  })
  async function worldWithout(behaviour: 'closed' | 'silent'): Promise<World> {
    const server = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    if (behaviour === 'closed') server.close()
    else servers.push(server)
    return startWorld({ providerPort: port, settings: { forwarding: { ...impatient, timeoutStatus: 599 } } })
  }

  test('a closed port is 502, the network’s doing', async () => {
    const lonely = await worldWithout('closed')
    const answer = await call(lonely)
    await lonely.close()
    expect([answer.status, answer.verdict.origin]).toEqual([502, 'provider-network'])
  })

  test('a port that takes connections and never begins TLS is a time-out, 599 where the setting says so', async () => {
    const lonely = await worldWithout('silent')
    const answer = await call(lonely)
    await lonely.close()
    expect([answer.status, answer.verdict.origin]).toEqual([599, 'provider-tls'])
  })
})
