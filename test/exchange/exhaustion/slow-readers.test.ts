import { setTimeout as pause } from 'node:timers/promises'
import type { TLSSocket } from 'node:tls'
import { call, open, wireText } from '../../support/consumer.ts'
import { startWorld, type World } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'
import { metricsOf, wirePut } from '../../support/wire.ts'

let here: World
beforeAll(async () => {
  const throttle = { requestsPerSecond: 100_000, burst: 100_000 }
  here = await startWorld({ settings: { listener: { unreadAnswerSeconds: 2 }, checks: { throttle } } })
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
    await pause(300)
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
