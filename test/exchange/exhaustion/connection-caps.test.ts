import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { call, open, wireText } from '../../support/consumer.ts'
import { operatorsPage } from '../../support/operators-page.ts'
import { startWorld, type World } from '../../support/start-world.ts'
import { until } from '../../support/until.ts'

const most = { handshakes: 30, certificate: 40 }
let here: World
beforeAll(async () => {
  here = await startWorld({
    settings: { listener: { maxHandshakesPerAddress: most.handshakes, maxConnectionsPerCertificate: most.certificate } },
  })
})
afterAll(() => here.close())

async function refusedBy(cap: string): Promise<number> {
  const page = await operatorsPage(here, '/metrics')
  return Number(new RegExp(`^ssp_consumer_connections_refused_total\\{cap="${cap}"\\} (\\d+)$`, 'm').exec(page)?.[1] ?? 0)
}

async function allGone(): Promise<void> {
  await until('every place is free', async () => /^ssp_consumer_connections 0$/m.test(await operatorsPage(here, '/metrics')))
}

test('D2: of 200 idle connections with one certificate as many stay as it may have; other certificates are served; what it gives back it may have again', async () => {
  const sockets: TLSSocket[] = []
  // Some at a time: all at once would be too many handshakes.
  for (let at = 0; at < 200; at += 10) sockets.push(...(await Promise.all(Array.from({ length: 10 }, () => open(here)))))
  for (const socket of sockets) socket.on('error', () => undefined)
  const left = () => sockets.filter((socket) => !socket.destroyed && !socket.readableEnded)
  for (const socket of sockets) socket.resume()
  await until('the rest is closed', () => left().length <= most.certificate)
  expect(left()).toHaveLength(most.certificate)
  expect(await refusedBy('certificate')).toBe(200 - most.certificate)
  // Not closed by chance: each of those that stay is served.
  const [kept] = left()
  kept?.write(wireText())
  expect(String((await once(kept as TLSSocket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /)
  expect((await call(here, { as: here.certificates.stranger })).verdict.rule).toBe('identity-binding')
  await expect(call(here)).rejects.toThrow()
  for (const socket of left().slice(0, 1)) socket.destroy()
  await until('there is room again', () =>
    call(here).then(
      ({ status }) => status === 200,
      () => false,
    ),
  )
  for (const socket of sockets) socket.destroy()
  await allGone()
})

test('T17: of 100 handshakes that do not go on as many stay as one address may have; another is served; when they end there is room again', async () => {
  const fromElsewhere = () => connect({ host: '127.0.0.1', port: here.proxy.dataPort, localAddress: '127.0.0.9' })
  const sockets: Socket[] = Array.from({ length: 100 }, fromElsewhere)
  for (const socket of sockets) socket.on('error', () => undefined).resume()
  const left = () => sockets.filter((socket) => !socket.destroyed && !socket.readableEnded)
  await until('the rest is closed', () => left().length <= most.handshakes)
  expect(left()).toHaveLength(most.handshakes)
  expect(await refusedBy('handshake')).toBe(100 - most.handshakes)
  expect((await call(here)).status).toBe(200)
  for (const socket of sockets) socket.destroy()
  await allGone()
  const again = fromElsewhere()
  await once(again, 'connect')
  again.destroy()
  await allGone()
  expect(await refusedBy('handshake')).toBe(100 - most.handshakes)
})

test('T17: handshakes that break off and begin anew from the same port at once leave no place taken', async () => {
  const before = await refusedBy('handshake')
  const from = { host: '127.0.0.1', port: here.proxy.dataPort, localAddress: '127.0.0.10' }
  const first = connect(from)
  await once(first, 'connect')
  const { localPort } = first
  first.resetAndDestroy()
  for (let nth = 0; nth < 40 * most.handshakes; nth++) {
    const socket = connect({ ...from, ...(localPort !== undefined && { localPort }) })
    socket.on('error', () => undefined)
    await Promise.race([once(socket, 'connect'), once(socket, 'close')])
    socket.resetAndDestroy()
  }
  await allGone()
  const sockets = Array.from({ length: most.handshakes }, () => connect(from))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  await until('all of them are there', async () =>
    new RegExp(`^ssp_consumer_connections ${most.handshakes}$`, 'm').test(await operatorsPage(here, '/metrics')),
  )
  expect(await refusedBy('handshake')).toBe(before)
  for (const socket of sockets) socket.destroy()
  await allGone()
})
