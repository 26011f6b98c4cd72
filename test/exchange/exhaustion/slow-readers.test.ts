import { setTimeout as pause } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { call, open, wireText } from '../../support/consumer.ts'
import { startWorld, type World } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'
import { metricsOf, wirePut } from '../../support/wire.ts'

let here: World
beforeAll(async () => {
  const throttle = { requestsPerSecond: 100_000, burst: 100_000 }
  // One place at the provider, for which a second call waits. While nothing is read from a consumer nobody sees that it has gone: its call ends by these times.
  const forwarding = { connectionsPerProvider: 1, firstByteTimeoutSeconds: 8, capacity: { queueSeconds: 8 } }
  here = await startWorld({ settings: { listener: { unreadAnswerSeconds: 4 }, checks: { throttle }, forwarding } })
})
afterAll(() => here.close())

/** A consumer's connection on which nothing is ever read, not even that the proxy ends it. */
async function unreading(): Promise<TLSSocket> {
  const socket = await open(here)
  socket.on('error', () => undefined)
  socket.pause()
  return socket
}

async function connections(): Promise<number> {
  return (await metricsOf(here)).get('ssp_consumer_connections') ?? Number.NaN
}

/** Until nothing is left of what was asked, at the provider either: it may yet see a call whose consumer has gone. */
async function untilNothingIsLeft(): Promise<void> {
  await until('nothing is left', async () => {
    const before = here.provider.received.length
    const of = await metricsOf(here)
    if (of.get('ssp_consumer_connections') !== 0 || of.get('ssp_exchanges_in_flight') !== 0) return false
    await pause(300)
    return here.provider.received.length === before
  })
}

/** Seconds until the proxy has no connection left, which nobody but it has ended. */
async function secondsUntilCut(): Promise<number> {
  const from = performance.now()
  await until('the proxy cuts the connection', async () => (await connections()) === 0, { withinMs: 60_000, everyMs: 100 })
  return (performance.now() - from) / 1000
}

test('D1: a consumer that asks and asks and reads no answer is cut once what was written has waited as long as it may; others are served meanwhile', async () => {
  // Small enough to be written at once: an answer is over, and its last bytes wait.
  const body = Buffer.alloc(12_000, 32)
  here.provider.answer = (_request, response) => response.writeHead(200, { 'Content-Length': body.length }).end(body)
  const socket = await unreading()
  let done = false
  const asking = (async () => {
    const text = wireText()
    while (!done && !socket.destroyed) {
      socket.write(text)
      if (socket.writableLength > 1_000_000) await pause(10)
    }
  })()
  const outcomes = () => here.audit().filter(({ type }) => type === 'outcome').length
  const stuck = await until('nothing more is written', async () => {
    const before = outcomes()
    await pause(1_000)
    return before > 0 && outcomes() === before && before
  })
  expect(stuck).toBeGreaterThan(10)
  expect(await connections()).toBe(1)
  expect((await call(here)).status).toBe(200)
  expect(await secondsUntilCut()).toBeLessThan(20)
  done = true
  await asking
  socket.destroy()
  // What was asked for behind it never was.
  expect(outcomes()).toBeLessThanOrEqual(stuck + 2)
  expect(here.audit().filter(({ type }) => type === 'forwarding')).toHaveLength(outcomes())
}, 120_000)

/** Sends pieces for as long as they are taken, 80 MB at most; gives how many bytes had been when no more were for half a second. */
async function takenOf(socket: TLSSocket, piece: Buffer): Promise<number> {
  const taken = () => socket.bytesWritten - socket.writableLength
  let last = -1
  while (taken() !== last && taken() < 80_000_000) {
    last = taken()
    for (let turn = 0; turn < 50; turn++) {
      while (socket.writableLength < 1_000_000) socket.write(piece)
      await pause(10)
    }
  }
  return taken()
}

/** What both kernels and TLS hold, and the little that is read ahead. */
const mostTaken = 40_000_000

test('D1: what is sent ahead of an answer that is awaited is left unread, however much it is, and read once the answer is there', async () => {
  const usual = here.provider.answer
  let answerAll: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    answerAll = resolve
  })
  let asked = 0
  here.provider.answer = async (_request, response) => {
    asked++
    await held
    response.writeHead(200, { 'Content-Length': 2 }).end('{}')
  }
  const socket = await open(here)
  socket.on('error', () => undefined).resume()
  socket.write(wireText())
  await until('the provider is asked', () => asked === 1)
  expect(await takenOf(socket, Buffer.from(wireText().repeat(40)))).toBeLessThan(mostTaken)
  expect(asked).toBe(1)
  answerAll()
  await until('what came behind is asked too', () => asked > 100)
  socket.destroy()
  here.provider.answer = usual
  await untilNothingIsLeft()
}, 120_000)

test.each([
  ['the provider does not read', 0],
  ['there is no place at the provider yet', 1],
])(
  'D1: a body is left unread, however long it is, while %s',
  async (_what, before) => {
    const usual = here.provider.answer
    let asked = 0
    here.provider.answer = () => {
      asked++
    }
    const sockets = await Promise.all(Array.from({ length: before + 1 }, () => open(here)))
    for (const socket of sockets) socket.on('error', () => undefined).resume()
    const last = sockets.pop() as TLSSocket
    for (const socket of sockets) socket.write(wireText())
    await until('the place is taken', () => asked === before)
    last.write(wirePut('Content-Length: 1000000000\r\n', ''))
    if (before === 0) await until('the provider is asked', () => asked === 1)
    expect(await takenOf(last, Buffer.alloc(65_536, 32))).toBeLessThan(mostTaken)
    expect(asked).toBe(1)
    for (const socket of [...sockets, last]) socket.destroy()
    here.provider.answer = usual
    await untilNothingIsLeft()
  },
  120_000,
)

/** A refusal by its form, of a request whose body is larger than anybody waits for. */
const refused = wirePut('Content-Length: 1000000000\r\n', '').replace(/Ssp-To: .*\r\n/, '')

test('F9: whoever is refused before its body was read, and falls silent without ending its side, is cut', async () => {
  const socket = await unreading()
  socket.write(`${refused}{`)
  await until('it is there', async () => (await connections()) === 1)
  expect(await secondsUntilCut()).toBeLessThan(8)
  socket.destroy()
})

test('F9: whoever is refused before its body was read, and goes on sending it without end, is read from no longer than the bound, and cut', async () => {
  const before = here.provider.received.length
  const socket = await unreading()
  socket.write(refused)
  await until('it is there', async () => (await connections()) === 1)
  const piece = Buffer.from(wireText().repeat(20))
  const timer = setInterval(() => socket.destroyed || socket.write(piece), 20)
  const seconds = await secondsUntilCut()
  clearInterval(timer)
  socket.destroy()
  expect(seconds).toBeLessThan(20)
  // Nothing of it became a request.
  expect(here.provider.received).toHaveLength(before)
}, 120_000)
