import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { call, wireText } from '../../support/consumer.ts'
import { everyRefusalRecorded, expectRefusal } from '../../support/expect-refusal.ts'
import { openRecordWriter } from '../../support/key-updates.ts'
import { operatorsPage } from '../../support/operators-page.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'
import { shakeHands } from '../../support/tls-consumer.ts'
import { until } from '../../support/until.ts'
import { badCertificate, expectRefused, noCertificate } from '../../support/wire.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: { ...everyRefusalRecorded, listener: { handshakeTimeoutSeconds: 1, headersTimeoutSeconds: 600 } } })
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
      await expectRefused(here, await nobody.ask(), noCertificate)
      await nobody.closed
    },
  )

  test.each(['elsewhere.nhs.uk', '*', 'LOCALHOST.', 'localhost:1'])('Host %s', async (host) => {
    const answer = await call(here, { headers: { Host: host } })
    expect(answer.status).toBe(200)
    await expectRefusal(
      here,
      { headers: { Host: host }, as: here.certificates.badRevoked },
      {
        ...{ status: 495, rule: 'client-certificate', origin: 'consumer', code: 'BAD_CERTIFICATE', issue: 'forbidden' },
        ...{ text: 'ACCESS_DENIED_SSL', closes: true },
      },
    )
  })
})

describe('T6: a ClientHello that comes in many pieces', () => {
  let byBytes: Server
  let byRecords: Server
  beforeAll(async () => {
    byBytes = await relayTo(sendByBytes)
    byRecords = await relayTo(async (hello, proxy) => {
      for (const record of splitRecords(hello)) proxy.write(record)
    })
  })
  afterAll(() => Promise.all([byBytes, byRecords].map((relay) => new Promise((resolve) => relay.close(resolve)))))

  /** Passes everything on, the consumer's first flight in its own way. */
  async function relayTo(first: (hello: Buffer, proxy: Socket) => Promise<unknown>): Promise<Server> {
    const relay = createServer((consumer) => {
      const proxy = connect({ host: '127.0.0.1', port: here.proxy.dataPort, noDelay: true })
      let turn: Promise<unknown> | undefined
      consumer.on('data', (chunk: Buffer) => {
        turn = turn === undefined ? first(chunk, proxy) : turn.then(() => proxy.write(chunk))
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
    return relay
  }

  async function sendByBytes(hello: Buffer, proxy: Socket): Promise<void> {
    const slow = Math.min(600, hello.length)
    for (let at = 0; at < slow; at++) {
      proxy.write(hello.subarray(at, at + 1))
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (hello.length > slow) proxy.write(hello.subarray(slow))
  }

  const portOf = (relay: Server): number => (relay.address() as AddressInfo).port

  test.each([
    ['segments of one byte', () => portOf(byBytes)],
    ['records of TLS', () => portOf(byRecords)],
  ])('of %s meets the same policy as a whole one', async (_what, portOfRelay) => {
    const port = portOfRelay()
    for (const [as, status] of [
      [here.certificates.consumer, 200],
      [here.certificates.badRevoked, 495],
      [here.certificates.badAuthority, 495],
      [null, 496],
    ] as const) {
      const consumer = await shakeHands(here, { port, as })
      const answer = await consumer.ask()
      if (status === 200) expect(answer?.status).toBe(200)
      else await expectRefused(here, answer, status === 496 ? noCertificate : badCertificate)
      consumer.socket.destroy()
    }
  })

  test.each<[string, ConnectionOptions]>([
    ['a post-quantum key share', { ecdhCurve: 'X25519MLKEM768' }],
    ['a post-quantum key share among others', { ecdhCurve: 'X25519MLKEM768:X25519:P-256' }],
    ['classic key shares alone', { ecdhCurve: 'P-256' }],
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }],
    ['TLS 1.3 alone', { minVersion: 'TLSv1.3' }],
    ['a long list of protocols', { ALPNProtocols: [...Array.from({ length: 100 }, (_, at) => `protocol-${at}`), 'http/1.1'] }],
    ['every cipher there is', { ciphers: 'ALL:@SECLEVEL=0' }],
    [
      'a server name of 250 letters',
      { servername: `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.nhs.uk`, checkServerIdentity: () => undefined },
    ],
  ])('with %s, whole or in pieces, it meets the same policy', async (_what, options) => {
    for (const port of [here.proxy.dataPort, portOf(byBytes), portOf(byRecords)]) {
      const good = await shakeHands(here, { ...options, port })
      expect((await good.ask())?.status).toBe(200)
      good.socket.destroy()
      const bad = await shakeHands(here, { ...options, port, as: here.certificates.badRevoked })
      await expectRefused(here, await bad.ask(), badCertificate)
      await bad.closed
    }
  })
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('D1: over %s what comes behind the handshake and', (version) => {
  const zeros = '00'.repeat(40)
  test.each([
    ['is no record', '474554202f20485454502f312e31'],
    ['is a record that nobody sealed', `1703030028${zeros}`],
    ['is a handshake that nobody sealed', `1603030028${zeros}`],
    ['is a change of cipher', '140303000101'.repeat(64)],
  ])('%s ends the connection at once', async (_what, bytes) => {
    const { minVersion, maxVersion } = { minVersion: version, maxVersion: version }
    const below = connect({ host: '127.0.0.1', port: here.proxy.dataPort })
    const { socket } = await shakeHands(here, { as: null, socket: below, minVersion, maxVersion })
    socket.on('error', () => undefined)
    below.write(Buffer.from(bytes, 'hex'))
    // Who reads on would do so into memory, as fast as it comes.
    await until('its place is free', async () => /^ssp_consumer_connections 0$/m.test(await operatorsPage(here, '/metrics')))
    socket.destroy()
  })
})

test('T16: a caller that changes keys now and then is answered; one that does nothing else is cut off', async () => {
  const some = await openRecordWriter(here.proxy.dataPort)
  some.updateKeys(1_000)
  some.send(wireText())
  expect(String((await once(some.socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 496 /)
  const many = await openRecordWriter(here.proxy.dataPort)
  many.updateKeys(8_000)
  await once(many.socket.resume(), 'close')
  expect(await operatorsPage(here, '/metrics')).toMatch(/^ssp_consumer_connections_refused_total\{cap="records"\} 1$/m)
})

test('T16: the operators’ port cuts it off, too, though it asks for something now and then', async () => {
  const caller = await openRecordWriter(here.proxy.opsPort)
  let answers = ''
  caller.socket.on('data', (chunk: Buffer) => {
    answers += chunk.toString()
  })
  await until('it is cut off', () => {
    caller.updateKeys(1_000)
    caller.send('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')
    return caller.socket.destroyed
  })
  expect(answers).toMatch(/^HTTP\/1\.1 200 /)
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
    ['is all but its last byte', (hello) => hello.subarray(0, -1)],
    ['announces a record and sends none', () => Buffer.from('1603010200', 'hex')],
    ['announces a message longer than its record', () => Buffer.from('160301000501ffffff00', 'hex')],
    ['is a record without a message', () => Buffer.from('1603010000', 'hex')],
    ['begins like a request of HTTP', () => Buffer.from('\x16')],
    ['sends an alert that means nothing', () => Buffer.from('15030100020100', 'hex')],
  ])('%s ends by its time at the latest, and its place is free', async (_what, piece) => {
    const hello = piece(await clientHello())
    const before = here.audit().length
    const sockets = Array.from({ length: 50 }, () => connect({ host: '127.0.0.1', port: here.proxy.dataPort }))
    await Promise.all(
      sockets.map((socket) => {
        socket.on('error', () => undefined)
        // An alert that nobody reads would keep this side from closing.
        socket.resume()
        if (hello.length > 0) socket.write(hello)
        return once(socket, 'close')
      }),
    )
    // Nobody has asked for anything: there is no record but that of the honest call.
    expect((await call(here)).status).toBe(200)
    expect(
      here
        .audit()
        .slice(before)
        .filter(({ type }) => type !== 'forwarding' && type !== 'outcome'),
    ).toEqual([])
    await until('all places are free', async () => /^ssp_consumer_connections 0$/m.test(await operatorsPage(here, '/metrics')))
  })
})

describe('T17: too many connections at a time', () => {
  async function openTo(capped: World): Promise<{ readonly socket: Socket; readonly closed: Promise<unknown> }> {
    const socket = connect({ host: '127.0.0.1', port: capped.proxy.dataPort })
    socket.on('error', () => undefined)
    const closed = once(socket, 'close')
    await once(socket, 'connect')
    return { socket, closed }
  }

  test('from one address, handshakes under way included: more are cut at once and counted, and a place that is free is given again', async () => {
    const capped = await startWorld({ settings: { listener: { maxConnectionsPerAddress: 8 } } })
    try {
      const held = await Promise.all(Array.from({ length: 8 }, () => openTo(capped)))
      const more = await Promise.all(Array.from({ length: 20 }, () => openTo(capped)))
      await Promise.all(more.map(({ closed }) => closed))
      expect(held.every(({ socket }) => !socket.destroyed)).toBe(true)
      expect(await operatorsPage(capped, '/metrics')).toMatch(/^ssp_consumer_connections_refused_total\{cap="address"\} 20$/m)
      held[0]?.socket.destroy()
      await until('a place is free', async () => /^ssp_consumer_connections 7$/m.test(await operatorsPage(capped, '/metrics')))
      expect((await call(capped)).status).toBe(200)
      for (const { socket } of held) socket.destroy()
    } finally {
      await capped.close()
    }
  })

  test('with one certificate: more are cut behind the handshake, and other certificates have their own places', async () => {
    const capped = await startWorld({ settings: { listener: { maxConnectionsPerCertificate: 2 } } })
    try {
      const held = [await shakeHands(capped), await shakeHands(capped)]
      for (const one of held) expect((await one.ask())?.status).toBe(200)
      const third = await shakeHands(capped)
      expect(await third.ask()).toBeUndefined()
      await third.closed
      expect(await operatorsPage(capped, '/metrics')).toMatch(/^ssp_consumer_connections_refused_total\{cap="certificate"\} 1$/m)
      const other = await shakeHands(capped, { as: capped.certificates.stranger })
      expect((await other.ask())?.rule).toBe('identity-binding')
      for (const one of held) expect((await one.ask())?.status).toBe(200)
      for (const { socket } of held) socket.destroy()
    } finally {
      await capped.close()
    }
  })
})

describe('T18: a server name that is none', () => {
  test.each<[string, Buffer]>([
    ['with NUL', Buffer.from('local\0host')],
    ['empty', Buffer.alloc(0)],
    ['of bytes beyond ASCII', Buffer.from([0xff, 0xfe, 0xfd])],
    ['too long', Buffer.alloc(300, 0x61)],
    ['an IP address', Buffer.from('127.0.0.1')],
    ['a label that is too long', Buffer.alloc(64, 0x61)],
    ['dots alone', Buffer.from('....')],
    ['with a newline', Buffer.from('local\r\nhost')],
    ['with a broken escape', Buffer.from('%zz.nhs.uk')],
  ])('%s harms nobody, and leaves no connection behind', async (_what, name) => {
    for (let turn = 0; turn < 20; turn++)
      expect(['server hello', 'alert', 'closed']).toContain(await outcomeOfHello((hello) => [withServerName(hello, name)]))
    expect((await call(here)).status).toBe(200)
    await until('no connection is left', async () => /^ssp_consumer_connections 0$/m.test(await operatorsPage(here, '/metrics')))
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
    if (status === 495)
      expect(here.audit().findLast((entry) => entry.type === 'refused')).toMatchObject({ status: 495, rule: 'client-certificate' })
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

describe('T22: on the TLS port', () => {
  test.each<[string, string | Buffer]>([
    ['plain HTTP', wireText()],
    ['plain HTTP with a body', wireText({ method: 'POST', extra: 'Content-Length: 5\r\n', body: 'hello' })],
    ['CONNECT', 'CONNECT provider.thirdparty.nhs.uk:443 HTTP/1.1\r\nHost: provider.thirdparty.nhs.uk:443\r\n\r\n'],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an upgrade to TLS', wireText({ extra: 'Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n' })],
    ['an SSH banner', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['SSL 2', Buffer.from('802e0100020015000000100100800300800700c0', 'hex')],
    ['a PROXY protocol header', `PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n${wireText()}`],
    ['zeros', Buffer.alloc(64)],
  ])('%s gets a closed connection and no answer that could be mistaken for one, and nothing is forwarded', async (_what, bytes) => {
    const decided = () => here.audit().filter(({ type }) => type === 'forwarding' || type === 'refused').length
    const [before, entries] = [here.provider.received.length, decided()]
    const socket = connect({ host: '127.0.0.1', port: here.proxy.dataPort })
    socket.on('error', () => undefined)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.write(bytes)
    await once(socket, 'close')
    const said = Buffer.concat(chunks)
    expect(said.toString('latin1')).not.toContain('HTTP/')
    // Nothing, or an alert of TLS.
    if (said.length > 0) expect(said[0]).toBe(0x15)
    expect(here.provider.received).toHaveLength(before)
    expect(decided()).toBe(entries)
    expect((await call(here)).status).toBe(200)
  })
})
