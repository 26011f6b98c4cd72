import { once } from 'node:events'
import { connect } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { open, wireText } from '../../support/consumer.ts'
import { reloadWith } from '../../support/reload-with.ts'
import { startWorld, type World } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'
import { dial } from '../../support/wire.ts'

let here: World
beforeEach(async () => {
  here = await startWorld()
})
afterEach(() => here.close())

/** Shakes hands as told; resolves with the connection, rejects where there is none. */
async function shake(options: ConnectionOptions): Promise<TLSSocket> {
  const { authority, consumer } = here.certificates
  const socket = connectTls({
    ...{ host: '127.0.0.1', port: here.proxy.dataPort, servername: 'localhost', ca: authority.certificatePem },
    ...{ cert: consumer.chainPem, key: consumer.keyPem },
    ...options,
  })
  await once(socket, 'secureConnect')
  return socket
}

test('the TLS profile changes for the next handshake, both ways; no session of the old profile is resumed, and open connections stay', async () => {
  const weak = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'DHE-RSA-AES256-SHA' } as const
  const first = await shake(weak)
  const line = await dial(here)
  await reloadWith(here, { listener: { tlsProfile: 'modern' } })
  await expect(shake(weak)).rejects.toThrow()
  const session = first.getSession()
  if (session === undefined) throw new Error('there was no session')
  const again = await shake({ maxVersion: 'TLSv1.2', session })
  expect([again.isSessionReused(), again.getCipher().name]).toEqual([false, expect.stringMatching(/^ECDHE-.*GCM/)])
  line.send(wireText())
  expect((await line.answered(1))[0]?.status).toBe(200)
  await reloadWith(here, { listener: { tlsProfile: 'spine' } })
  const back = await shake(weak)
  const curve = await shake({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-GCM-SHA256', sigalgs: 'rsa_pkcs1_sha256' })
  for (const socket of [first, again, back, curve]) socket.destroy()
  line.close()
})

test('A5: limits of headers and targets hold for the next request, on an open connection too, and so does what Keep-Alive says', async () => {
  const line = await dial(here)
  const long = wireText({ extra: `X-Long: ${'x'.repeat(6_000)}\r\n` })
  line.send(long)
  expect((await line.answered(1))[0]?.status).toBe(200)
  await reloadWith(here, { listener: { idleTimeoutSeconds: 17 } })
  line.send(long)
  expect((await line.answered(2))[1]?.headers.get('keep-alive')).toBe('timeout=17')
  await reloadWith(here, { listener: { maxTargetBytes: 32_768 } })
  line.send(long)
  expect((await line.answered(3))[2]?.status).toBe(200)
  await reloadWith(here, { listener: { maxHeaderBytes: 4_096 } })
  line.send(long)
  expect((await line.answered(4))[3]?.status).toBe(431)
})

test('an idle connection is kept for as long as the settings in force say', async () => {
  const line = await dial(here)
  line.send(wireText())
  await line.answered(1)
  await reloadWith(here, { listener: { idleTimeoutSeconds: 0.1 } })
  await until('it has ended', () => line.ended)
})

test('a handshake that has begun already must be done within the time in force', async () => {
  const socket = connect(here.proxy.dataPort, '127.0.0.1')
  await once(socket, 'connect')
  const ended = once(socket, 'close')
  await reloadWith(here, { listener: { handshakeTimeoutSeconds: 0.1 } })
  await ended
})

test('caps on connections hold for the next connection, lower and higher; those that are open stay', async () => {
  const held = [await open(here), await open(here)]
  await reloadWith(here, { listener: { maxConnectionsPerAddress: 2 } })
  await expect(open(here)).rejects.toThrow()
  await reloadWith(here, { listener: { maxConnectionsPerAddress: 1000, maxConnectionsPerCertificate: 2 } })
  const third = await open(here, here.certificates.stranger)
  await reloadWith(here, { listener: { maxConnectionsPerCertificate: 1000, maxConnections: 3 } })
  await expect(open(here, here.certificates.stranger)).rejects.toThrow()
  await reloadWith(here, { listener: { maxConnections: 4 } })
  const fourth = await open(here)
  for (const socket of [...held, third, fourth]) socket.destroy()
})
