import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { call, honestHeaders, open, wireText } from '../support/consumer.ts'
import { runSsp } from '../support/run-ssp.ts'
import { world } from '../support/start-world.ts'
import { startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'
import { until } from '../support/until.ts'

/** Runs with a proxy in a process of its own that drains in these seconds. */
async function withProxy(listener: Readonly<Record<string, number>>, act: (here: WorldProcess) => Promise<void>): Promise<void> {
  const here = await startWorldProcess({ settings: { listener } })
  try {
    await act(here)
  } finally {
    await here.close()
  }
}

/** Begins a call and gives back its answer's beginning. */
async function begin({ proxy, certificates }: WorldProcess): Promise<IncomingMessage> {
  const { consumer, authority } = certificates
  const sent = request({
    host: '127.0.0.1',
    port: proxy.dataPort,
    servername: 'localhost',
    ca: authority.certificatePem,
    cert: consumer.chainPem,
    key: consumer.keyPem,
    agent: false,
    path: `/${world.root}/Patient?identifier=x`,
    headers: honestHeaders(world.searchPatient),
  })
  sent.end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  return answer
}

/** Every call that was forwarded has an end in the audit, and the log is whole. */
async function expectNothingOpen(here: WorldProcess): Promise<void> {
  const verified = await runSsp(['audit', 'verify', '--data', join(here.directory, 'data')])
  expect(verified.out).toMatch(/^test\/main {2}ok {2}\d+ records {2}head \S+ {2}root \S+\n$/)
}

const endedByDrain = 'calls outlived the drain and were ended'

/** Whatever was under way has ended by itself. */
function expectNothingEnded(here: WorldProcess): void {
  expect(here.log.map(({ msg }) => msg)).not.toContain(endedByDrain)
}

test('an idle proxy ends at once, whatever connections are open', async () => {
  await withProxy({ drainSeconds: 20 }, async (here) => {
    const sockets = [connect(here.proxy.dataPort, '127.0.0.1'), await open(here), await open(here)]
    for (const socket of sockets) socket.on('error', () => undefined)
    const closed = sockets.map((socket) => once(socket.resume(), 'close'))
    const began = performance.now()
    here.signal('SIGTERM')
    expect(await here.ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - began).toBeLessThan(5_000)
    await Promise.all(closed)
    expect(here.log.at(-1)).toMatchObject({ msg: 'stopped' })
    expectNothingEnded(here)
    await expectNothingOpen(here)
  })
})

test('A6: readiness fails first, then no connection is taken, and what is under way comes whole', async () => {
  await withProxy({ drainNoticeSeconds: 1.5, drainSeconds: 20 }, async (here) => {
    const goOn: (() => void)[] = []
    const told = () => new Promise<void>((resolve) => goOn.push(resolve))
    here.provider.answer = async (_request, response) => {
      if (goOn.length > 0) return void response.end('{}')
      response.write('first ')
      await told()
      response.end('last')
    }
    const transfer = await begin(here)
    expect((await here.page('/readyz')).status).toBe(200)
    here.signal('SIGTERM')
    await until('readiness fails', async () => (await here.page('/readyz')).status === 503)
    expect((await here.page('/livez')).status).toBe(200)
    // Whoever has not heard of it yet is still served.
    expect((await call(here)).status).toBe(200)
    await until('new connections are refused', () => isRefused(here.proxy.dataPort))
    expect((await here.page('/readyz?verbose')).body).toContain('[-]running failed: draining')
    goOn[0]?.()
    expect(Buffer.concat((await transfer.toArray()) as Buffer[]).toString()).toBe('first last')
    expect(await here.ended).toEqual({ code: 0, signal: null })
    expectNothingEnded(here)
    await expectNothingOpen(here)
  })
})

test('A6: a call that is answered while the proxy drains is told that its connection closes', async () => {
  await withProxy({ drainSeconds: 20 }, async (here) => {
    let answer: () => void = () => undefined
    here.provider.answer = (_request, response) => {
      answer = () => response.end('{}')
    }
    const waiting = call(here)
    const arrived = until('the provider has the call', () => here.provider.connections.open === 1)
    await arrived
    here.signal('SIGTERM')
    await until('new connections are refused', () => isRefused(here.proxy.dataPort))
    answer()
    expect(await waiting).toMatchObject({ status: 200, closes: true })
    expect(await here.ended).toEqual({ code: 0, signal: null })
    expectNothingEnded(here)
  })
})

test('A6: whoever makes one call after the other is told by an answer that the connection closes, and loses no call', async () => {
  await withProxy({ drainSeconds: 20 }, async (here) => {
    const text = wireText()
    /** Calls every 100 ms on one connection; returns its last answer once the connection has ended. */
    const busy = async (): Promise<string> => {
      const socket = await open(here)
      let heard = ''
      let ended = false
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        heard += chunk
      })
      socket.once('close', () => {
        ended = true
      })
      for (;;) {
        heard = ''
        socket.write(text)
        await until('the call is answered, or cut', () => ended || heard.endsWith('{}'))
        if (/^Connection: close\r$/im.test(heard)) return heard
        await pause(100)
        if (ended) return `nobody was told: ${heard}`
      }
    }
    here.provider.answer = (_request, response) => void response.end('{}')
    const all = Promise.all(Array.from({ length: 8 }, busy))
    await until('all of them call', () => here.audit().filter(({ type }) => type === 'outcome').length > 16)
    here.signal('SIGTERM')
    for (const last of await all) expect(last).toMatch(/^HTTP\/1\.1 200 /)
    expect(await here.ended).toEqual({ code: 0, signal: null })
    expectNothingEnded(here)
    await expectNothingOpen(here)
  })
})

test('A6: a request that has come in part when the drain begins is served, and its connection closes', async () => {
  await withProxy({ drainSeconds: 20 }, async (here) => {
    const socket = await open(here)
    let heard = ''
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      heard += chunk
    })
    const closed = new Promise((resolve) => socket.once('close', resolve))
    const text = wireText()
    socket.write(text + text.slice(0, 100))
    await until('the first is answered', () => heard.includes('HTTP/1.1 200 '))
    here.signal('SIGTERM')
    await until('new connections are refused', () => isRefused(here.proxy.dataPort))
    heard = ''
    socket.write(text.slice(100))
    await closed
    expect(heard).toMatch(/^HTTP\/1\.1 200 .*\r\nConnection: close\r\n/s)
    expect(await here.ended).toEqual({ code: 0, signal: null })
    expectNothingEnded(here)
  })
})

test('A6: at the deadline a call without an answer is told 503, a begun answer is cut, and both are in the audit', async () => {
  await withProxy({ drainSeconds: 1 }, async (here) => {
    let begun = false
    here.provider.answer = async (_request, response) => {
      if (begun) return
      begun = true
      response.writeHead(200, { 'Content-Length': 100 })
      response.write('part')
    }
    const transfer = await begin(here)
    const cut = transfer.toArray().then(
      () => 'whole',
      () => 'cut',
    )
    const waiting = call(here)
    await until('the provider has both calls', () => here.provider.connections.open === 2)
    const began = performance.now()
    here.signal('SIGTERM')
    const answer = await waiting
    expect(answer).toMatchObject({ status: 503, code: 'SHUTTING_DOWN', closes: true, verdict: { origin: 'proxy', rule: 'drain' } })
    expect(answer.headers['retry-after']).toMatch(/^\d+$/)
    expect(JSON.parse(answer.body.toString())).toMatchObject({ resourceType: 'OperationOutcome' })
    expect(await cut).toBe('cut')
    expect(await here.ended).toEqual({ code: 0, signal: null })
    expect(performance.now() - began).toBeLessThan(6_000)
    const outcomes = here
      .audit()
      .flatMap((entry) => (entry.type === 'outcome' ? [`${entry.end} ${entry.status} ${entry.origin} ${entry.verdict}`] : []))
    expect(outcomes.sort()).toEqual(['aborted 200 proxy SHUTTING_DOWN', 'refused 503 proxy SHUTTING_DOWN'])
    expect(here.log.map(({ msg }) => msg)).toContain(endedByDrain)
    await expectNothingOpen(here)
  })
})

test('a second signal ends the process at once, with 1', async () => {
  await withProxy({ drainSeconds: 20 }, async (here) => {
    here.provider.answer = () => undefined
    const waiting = call(here).catch(() => 'cut')
    await until('the provider has the call', () => here.provider.connections.open === 1)
    here.signal('SIGTERM')
    await until('new connections are refused', () => isRefused(here.proxy.dataPort))
    await pause(50)
    here.signal('SIGTERM')
    expect(await here.ended).toEqual({ code: 1, signal: null })
    expect(await waiting).toBe('cut')
  })
})

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(true))
    socket.once('connect', () => {
      socket.destroy()
      resolve(false)
    })
  })
}
