import { once } from 'node:events'
import { createServer, request, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type ConnectionOptions, connect, type SecureVersion, type TLSSocket } from 'node:tls'
import { type PresentedCertificate, presentedFrom } from '../../../src/pki/presented.ts'
import { createTicketKeys } from '../../../src/pki/ticket-keys.ts'
import { type Authority, createAuthority, type Issued } from '../../support/certificate-authority.ts'
import { trustStoreOf } from '../../support/trust-files.ts'

const versions: readonly SecureVersion[] = ['TLSv1.2', 'TLSv1.3']

interface Seen {
  readonly presented: PresentedCertificate | undefined
  readonly resumed: boolean
}

let root: Authority
let sub: Authority
let consumer: Issued
let server: Server
let seen: Seen[]
const ticketKeys = createTicketKeys()

beforeAll(async () => {
  root = await createAuthority({ name: 'Root' })
  sub = await createAuthority({ name: 'Sub', parent: root })
  consumer = await sub.issue({ cn: 'consumer.thirdparty.nhs.uk' })
  const own = await sub.issue({ cn: 'localhost' })
  server = createServer({
    key: own.keyPem,
    cert: own.chainPem,
    ca: [root.certificatePem],
    requestCert: true,
    rejectUnauthorized: false,
    ticketKeys: ticketKeys.current(),
  })
  server.on('request', (incoming, response) => {
    const socket = incoming.socket as TLSSocket
    seen.push({ presented: presentedFrom(socket), resumed: socket.isSessionReused() })
    response.end('done')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

beforeEach(() => {
  seen = []
})

afterAll(async () => {
  server.close()
  await once(server, 'close')
})

/** One request over one connection; returns what resumes its session, which TLS 1.3 tells after the handshake. */
async function exchange(options: ConnectionOptions): Promise<Pick<ConnectionOptions, 'session'>> {
  const { port } = server.address() as AddressInfo
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: root.certificatePem, ...options })
  const resumption: Pick<ConnectionOptions, 'session'> = {}
  socket.on('session', (session) => {
    resumption.session = session
  })
  await once(socket, 'secureConnect')
  const call = request({ createConnection: () => socket, headers: { host: 'localhost', connection: 'close' } })
  call.end()
  const [response] = await once(call, 'response')
  response.resume()
  await once(socket, 'close')
  return resumption
}

describe.each(versions)('over %s', (version) => {
  const only = { minVersion: version, maxVersion: version }

  test('O2: a certificate with its intermediate is seen as the peer sent it, and again when the session is resumed, then alone', async () => {
    const store = await trustStoreOf({ anchors: [root.certificatePem] })
    const client = { ...only, key: consumer.keyPem, cert: consumer.chainPem }
    const resumption = await exchange(client)
    await exchange({ ...client, ...resumption })
    const [full, again] = seen
    expect([full?.resumed, again?.resumed]).toEqual([false, true])
    expect(full?.presented?.leaf.fingerprint256).toBe(consumer.certificate.fingerprint256)
    expect(full?.presented?.presentedIssuers.map(({ subject }) => subject)).toEqual([sub.certificate.subject])
    expect(again?.presented?.leaf.fingerprint256).toBe(consumer.certificate.fingerprint256)
    expect(again?.presented?.presentedIssuers).toEqual([])

    const resumed = again?.presented as PresentedCertificate
    expect(store.judge(resumed, Date.now()).kind).toBe('bad')
    expect(store.judge(full?.presented as PresentedCertificate, Date.now()).kind).toBe('good')
    expect(store.judge(resumed, Date.now()).kind).toBe('good')
  })

  test('a certificate without its intermediate is good where that is configured, in full and resumed', async () => {
    const store = await trustStoreOf({ anchors: [root.certificatePem], intermediates: [sub.certificatePem] })
    const client = { ...only, key: consumer.keyPem, cert: consumer.certificatePem }
    const resumption = await exchange(client)
    await exchange({ ...client, ...resumption })
    expect(seen.map(({ resumed }) => resumed)).toEqual([false, true])
    for (const { presented } of seen) {
      expect(presented?.presentedIssuers).toEqual([])
      expect(presented?.opensslError).toMatch(/^UNABLE_TO_/)
      expect(store.judge(presented as PresentedCertificate, Date.now())).toMatchObject({
        kind: 'good',
        certificate: { names: ['consumer.thirdparty.nhs.uk'] },
      })
    }
  })

  test('T1: a caller without any certificate presents nothing, in full and resumed', async () => {
    const resumption = await exchange(only)
    await exchange({ ...only, ...resumption })
    expect(seen).toEqual([
      { presented: undefined, resumed: false },
      { presented: undefined, resumed: true },
    ])
  })

  test('T3, T13: a certificate revoked after the ticket was made is refused when it resumes', async () => {
    const device = await sub.issue({ cn: 'late.thirdparty.nhs.uk' })
    const client = { ...only, key: device.keyPem, cert: device.chainPem }
    const content = { anchors: [root.certificatePem], intermediates: [sub.certificatePem] }
    const before = await trustStoreOf({ ...content, crls: [await root.crl(), await sub.crl({ number: 1 })] })
    const resumption = await exchange(client)
    const open = seen[0]?.presented as PresentedCertificate
    expect(before.judge(open, Date.now()).kind).toBe('good')
    sub.revoke(device.serial)
    const after = await trustStoreOf({ ...content, crls: [await root.crl(), await sub.crl({ number: 2 })], previous: before })
    await exchange({ ...client, ...resumption })
    expect(seen[1]?.resumed).toBe(true)
    expect(after.judge(seen[1]?.presented as PresentedCertificate, Date.now())).toMatchObject({
      kind: 'bad',
      reason: expect.stringMatching('^revoked'),
    })
    expect(after.judge(open, Date.now()).kind).toBe('bad')
  })

  test('a peer that sends a crowd of certificates is heard out for eight', async () => {
    const crowd = await Promise.all(Array.from({ length: 12 }, (_, index) => createAuthority({ name: `Crowd ${index}` })))
    const cert = [consumer.certificatePem, ...crowd.map(({ certificatePem }) => certificatePem)].join('')
    await exchange({ ...only, key: consumer.keyPem, cert })
    expect(seen[0]?.presented?.presentedIssuers).toHaveLength(8)
  })
})
