import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { call, wireText } from '../../support/consumer.ts'
import { operatorsPage } from '../../support/operators-page.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'
import { shakeHands } from '../../support/tls-consumer.ts'
import { until } from '../../support/until.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: { listener: { handshakeTimeoutSeconds: 1 } } })
})
afterAll(() => here.close())

describe('T5: SNI and Host choose nothing', () => {
  test.each(['localhost', 'elsewhere.nhs.uk', 'PROXY.DEV.SPINE2.NCRS.NHS.UK', '*.nhs.uk', 'a'.repeat(250)])(
    'SNI %s',
    async (servername) => {
      const consumer = await shakeHands(here, { servername, checkServerIdentity: () => undefined })
      expect((await consumer.ask())?.status).toBe(200)
      consumer.socket.destroy()
      const nobody = await shakeHands(here, { servername, checkServerIdentity: () => undefined, as: null })
      expect((await nobody.ask())?.status).toBe(496)
    },
  )

  test.each(['elsewhere.nhs.uk', '*', 'LOCALHOST.', 'localhost:1'])('Host %s', async (host) => {
    const answer = await call(here, { headers: { Host: host } })
    expect(answer.status).toBe(200)
    expect((await call(here, { headers: { Host: host }, as: here.certificates.badRevoked })).status).toBe(495)
  })
})

describe('T6: a ClientHello that comes in many pieces', () => {
  let relay: Server
  /** Passes everything on, the consumer's first bytes one by one. */
  beforeAll(async () => {
    relay = createServer((consumer) => {
      const proxy = connect({ host: '127.0.0.1', port: here.proxy.dataPort, noDelay: true })
      let slow = 600
      let turn: Promise<void> = Promise.resolve()
      consumer.on('data', (chunk: Buffer) => {
        turn = turn.then(async () => {
          while (slow > 0 && chunk.length > 0) {
            proxy.write(chunk.subarray(0, 1))
            chunk = chunk.subarray(1)
            slow--
            await new Promise((resolve) => setImmediate(resolve))
          }
          if (chunk.length > 0) proxy.write(chunk)
        })
      })
      proxy.pipe(consumer)
      for (const [one, other] of [
        [consumer, proxy],
        [proxy, consumer],
      ] as const) {
        one.on('error', () => other.destroy())
        one.on('close', () => other.destroy())
      }
    })
    relay.listen(0, '127.0.0.1')
    await once(relay, 'listening')
  })
  afterAll(() => new Promise((resolve) => relay.close(resolve)))

  test('meets the same policy as a whole one', async () => {
    const port = (relay.address() as AddressInfo).port
    for (const [as, status] of [
      [here.certificates.consumer, 200],
      [here.certificates.badRevoked, 495],
      [here.certificates.badAuthority, 495],
      [null, 496],
    ] as const) {
      const consumer = await shakeHands(here, { port, as })
      expect((await consumer.ask())?.status).toBe(status)
      consumer.socket.destroy()
    }
  })

  test('split over TLS records, it meets the same policy', async () => {
    expect(await outcomeOfHello(splitRecords)).toBe('server hello')
    expect(await outcomeOfHello((hello) => [hello])).toBe('server hello')
  })
})

/** The proxy's first record for a ClientHello of Node's own, changed so. */
async function outcomeOfHello(change: (hello: Buffer) => readonly Buffer[]): Promise<'server hello' | 'alert' | 'closed'> {
  const hello = await clientHello()
  const socket = connect({ host: '127.0.0.1', port: here.proxy.dataPort, noDelay: true })
  socket.on('error', () => undefined)
  const answer = new Promise<Buffer | undefined>((resolve) => {
    socket.once('data', resolve)
    socket.once('close', () => resolve(undefined))
  })
  for (const piece of change(hello)) socket.write(piece)
  const first = await answer
  socket.destroy()
  return first === undefined ? 'closed' : first[0] === 0x16 ? 'server hello' : 'alert'
}

/** The bytes of a ClientHello: one record. */
function clientHello(): Promise<Buffer> {
  return new Promise((resolve) => {
    const sink = createServer((socket) => {
      socket.once('data', (chunk: Buffer) => {
        socket.destroy()
        sink.close()
        resolve(chunk)
      })
    })
    sink.listen(0, '127.0.0.1', () => {
      connectTls({ port: (sink.address() as AddressInfo).port, host: '127.0.0.1', servername: 'localhost' }).on('error', () => undefined)
    })
  })
}

/** The same handshake message in records of 40 bytes each. */
function splitRecords(hello: Buffer): readonly Buffer[] {
  const message = hello.subarray(5)
  const records: Buffer[] = []
  for (let at = 0; at < message.length; at += 40) {
    const part = message.subarray(at, at + 40)
    records.push(Buffer.concat([hello.subarray(0, 3), Buffer.from([0, part.length]), part]))
  }
  return records
}

describe('T17: a handshake that', () => {
  test.each<[string, (hello: Buffer) => Buffer]>([
    ['never begins', () => Buffer.alloc(0)],
    ['stops midway', (hello) => hello.subarray(0, 100)],
  ])('%s ends after its time, and its place is free', async (_what, piece) => {
    const hello = piece(await clientHello())
    const started = performance.now()
    const sockets = Array.from({ length: 50 }, () => connect({ host: '127.0.0.1', port: here.proxy.dataPort }))
    await Promise.all(
      sockets.map((socket) => {
        socket.on('error', () => undefined)
        if (hello.length > 0) socket.write(hello)
        return once(socket, 'close')
      }),
    )
    expect(performance.now() - started).toBeGreaterThan(900)
    expect((await call(here)).status).toBe(200)
    await until('all places are free', async () => /^ssp_consumer_connections 0$/m.test(await operatorsPage(here, '/metrics')))
  })
})

describe('T18: a server name that is none', () => {
  test.each<[string, Buffer]>([
    ['with NUL', Buffer.from('local\0host')],
    ['empty', Buffer.alloc(0)],
    ['of bytes beyond ASCII', Buffer.from([0xff, 0xfe, 0xfd])],
    ['too long', Buffer.alloc(300, 0x61)],
  ])('%s harms nobody', async (_what, name) => {
    expect(['server hello', 'alert', 'closed']).toContain(await outcomeOfHello((hello) => [withServerName(hello, name)]))
    expect((await call(here)).status).toBe(200)
  })
})

/** The ClientHello with another server name in the place of `localhost`; all lengths around it are put right. */
function withServerName(hello: Buffer, name: Buffer): Buffer {
  const at = hello.indexOf('localhost')
  const changed = Buffer.concat([hello.subarray(0, at), name, hello.subarray(at + 9)])
  const by = name.length - 9
  const grow16 = (offset: number): unknown => changed.writeUInt16BE(changed.readUInt16BE(offset) + by, offset)
  grow16(3) // record
  changed.writeUIntBE(changed.readUIntBE(6, 3) + by, 6, 3) // handshake message
  const sessionEnd = 44 + (changed[43] as number)
  const suitesEnd = sessionEnd + 2 + changed.readUInt16BE(sessionEnd)
  grow16(suitesEnd + 1 + (changed[suitesEnd] as number)) // extensions
  for (const offset of [at - 2, at - 5, at - 7]) grow16(offset) // name, list, extension
  return changed
}

describe('T19: a certificate that is', () => {
  test('for thousands of names is refused in a moment, and costs others nothing', async () => {
    const dnsNames = Array.from({ length: 3_000 }, (_, index) => `n${index}.thirdparty.nhs.uk`)
    const huge = await here.certificates.intermediate.issue({ cn: world.consumer.fqdn, dnsNames: [world.consumer.fqdn, ...dnsNames] })
    const started = performance.now()
    const status = await call(here, { as: huge }).then(
      (answer) => answer.status,
      () => 'cut',
    )
    expect([495, 'cut']).toContain(status)
    expect(performance.now() - started).toBeLessThan(5_000)
    expect((await call(here)).status).toBe(200)
  })

  test('one of a hundred in a chain is refused in a moment', async () => {
    const { consumer, intermediate } = here.certificates
    const others = await Promise.all(Array.from({ length: 60 }, (_, index) => intermediate.issue({ cn: `n${index}.nhs.uk`, isCa: true })))
    const chainPem = consumer.chainPem + others.map(({ certificatePem }) => certificatePem).join('')
    const started = performance.now()
    const status = await call(here, { as: { ...consumer, chainPem } }).then(
      (answer) => answer.status,
      () => 'cut',
    )
    // What is sent beyond the chain is not needed: it may be taken, or be too much for OpenSSL; it is not a matter of time.
    expect([200, 495, 'cut']).toContain(status)
    expect(performance.now() - started).toBeLessThan(5_000)
    expect((await call(here)).status).toBe(200)
  })
})

test('T22: plain HTTP on the TLS port is closed without an answer that could be mistaken for one, and harms nobody', async () => {
  const socket = connect({ host: '127.0.0.1', port: here.proxy.dataPort })
  socket.on('error', () => undefined)
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  socket.write(wireText())
  await once(socket, 'close')
  expect(text).not.toContain('HTTP/1.1 200')
  expect((await call(here)).status).toBe(200)
})
