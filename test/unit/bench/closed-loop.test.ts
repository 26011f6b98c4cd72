import { once } from 'node:events'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { createSecureContext, createServer, type TLSSocket } from 'node:tls'
import { ClosedLoop } from '../../bench/load/closed-loop.ts'
import { handshakesAtOnce } from '../../bench/load/doorway.ts'
import type { ConnectionUse } from '../../bench/load/load-job.ts'
import { certificates } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'

const closing: (() => void)[] = []

afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A server that answers each request with the text that it is given for the request's number. */
async function loopAgainst(
  answer: (number: number) => string,
  target: { connection?: ConnectionUse; connections?: number; body?: string; port?: number } = {},
) {
  const all = await certificates()
  const seen: string[] = []
  let connections = 0
  let resumed = 0
  const server = createServer({ cert: all.server.chainPem, key: all.server.keyPem }, (socket: TLSSocket) => {
    connections++
    if (socket.isSessionReused()) resumed++
    socket.on('error', () => undefined)
    socket.on('data', (request) => {
      seen.push(request.toString('latin1'))
      socket.write(answer(seen.length))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const loop = new ClosedLoop(
    {
      port: target.port ?? (server.address() as AddressInfo).port,
      servername: 'localhost',
      connections: target.connections ?? 1,
      connection: target.connection ?? 'kept',
      request: ['GET / HTTP/1.1\r\nSsp-TraceID: ', '\r\n\r\n'],
      answerBytes: 5,
      ...(target.body !== undefined && { body: target.body }),
    },
    createSecureContext({ ca: all.authority.certificatePem }),
  )
  closing.push(() => {
    loop.close()
    server.close()
  })
  return { loop, seen, connections: () => connections, resumed: () => resumed, server }
}

const good = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length: 5\r\n\r\nhello'

describe('the closed loop of the benchmark', () => {
  test('asks as often as it is told, over kept connections, with a trace id of its own each time', async () => {
    const { loop, seen, connections } = await loopAgainst(() => good, { connections: 3 })
    const result = await loop.run(20)
    expect(new Set(seen).size).toBe(20 + 3)
    expect(connections()).toBe(3)
    expect(result.p50).toBeGreaterThan(0)
    expect(result.p99).toBeGreaterThanOrEqual(result.p50)
  })

  test.each(['kept', 'new'] as const)(
    'opens %s connections a few at a time, so that no limit of handshakes meets them',
    async (connection) => {
      const held: Socket[] = []
      const front = createTcpServer((socket) => held.push(socket)).listen(0, '127.0.0.1')
      await once(front, 'listening')
      closing.push(() => front.close())
      const { port } = front.address() as AddressInfo
      const { loop, server, connections } = await loopAgainst(() => good, { connection, connections: 60, port })
      const running = loop.run(60)
      await until('the consumers have connected', () => held.length >= handshakesAtOnce)
      // Whoever has connected before it is taken in before it.
      const probe = connect(port, '127.0.0.1')
      await once(probe, 'connect')
      const own = await until('the probe is taken in', () => held.find(({ remotePort }) => remotePort === probe.localPort))
      held.splice(held.indexOf(own), 1)
      probe.destroy()
      expect(held.length).toBe(handshakesAtOnce)
      front.removeAllListeners('connection').on('connection', (socket) => server.emit('connection', socket))
      for (const socket of held) server.emit('connection', socket)
      await running
      expect(connections()).toBe(60)
    },
  )

  test('has its kept connections before the clock starts, each with one request made over it', async () => {
    const { loop, seen, connections } = await loopAgainst(() => good, { connections: 40 })
    await loop.run(50)
    expect(connections()).toBe(40)
    expect(seen).toHaveLength(90)
    await loop.run(50)
    expect(seen).toHaveLength(140)
  })

  test('makes a new connection for every request where it is told to', async () => {
    const { loop, connections } = await loopAgainst(() => good, { connection: 'new', connections: 2 })
    await loop.run(7)
    expect(connections()).toBe(7)
  })

  test('resumes the session of the connection before where it is told to', async () => {
    const { loop, connections, resumed } = await loopAgainst(() => good, { connection: 'resumed' })
    await loop.run(5)
    expect([connections(), resumed()]).toEqual([5, 4])
  })

  test('sends the body behind the text', async () => {
    const { loop, seen } = await loopAgainst(() => good, { body: 'the body' })
    await loop.run(1)
    expect(seen.join('')).toMatch(/\r\n\r\nthe body$/)
  })

  test.each([
    ['a status other than 200', good.replace('200 OK', '503 Service Unavailable'), /the answer is: HTTP\/1.1 503/],
    ['another length', good.replace('5', '4'), /a length of 4, not 5/],
    ['no length', good.replace('content-length: 5\r\n', ''), /a length of NaN/],
    ['more than its length', `${good}!`, /more came than the answer/],
  ])('fails at an answer with %s', async (_name, bad, reason) => {
    const { loop } = await loopAgainst((number) => (number === 3 ? bad : good))
    await expect(loop.run(5)).rejects.toThrow(reason)
  })
})
