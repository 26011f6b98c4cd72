import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type ConnectionOptions, connect, createServer, type Server } from 'node:tls'
import { createPresentations, type Presentation, type Presentations } from '../../../src/pki/presentations.ts'
import type { TrustStore } from '../../../src/pki/trust-store.ts'
import { type Authority, createAuthority } from '../../support/certificate-authority.ts'
import { trustStoreOf } from '../../support/trust-files.ts'

let root: Authority
let sub: Authority
let server: Server
let trust: TrustStore
let presentations: Presentations
let seen: { readonly shown: Presentation | undefined; readonly resumed: boolean }[]

beforeAll(async () => {
  root = await createAuthority({ name: 'Root' })
  sub = await createAuthority({ name: 'Sub', parent: root })
  const own = await sub.issue({ cn: 'localhost' })
  server = createServer({ key: own.keyPem, cert: own.chainPem, ca: [root.certificatePem], requestCert: true, rejectUnauthorized: false })
  server.on('secureConnection', (socket) => {
    const shown = presentations(socket, (one) => trust.judge(one, Date.now()).kind === 'good')
    seen.push({ shown, resumed: socket.isSessionReused() })
    socket.end('done')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(async () => {
  server.close()
  await once(server, 'close')
})

beforeEach(async () => {
  seen = []
  presentations = createPresentations()
  trust = await trustStoreOf({ anchors: [root.certificatePem] })
})

/** One connection; gives what resumes its session. */
async function connected(options: ConnectionOptions): Promise<Pick<ConnectionOptions, 'session'>> {
  const { port } = server.address() as AddressInfo
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: root.certificatePem, ...options })
  const resumption: Pick<ConnectionOptions, 'session'> = {}
  socket.on('session', (session) => {
    resumption.session = session
  })
  socket.resume()
  await once(socket, 'close')
  return resumption
}

const shown = () => seen.map((one) => one.shown)

test('connections of one good certificate share what was read of it, resumed ones too; another’s have their own', async () => {
  const [one, other] = [await sub.issue({ cn: 'one.thirdparty.nhs.uk' }), await sub.issue({ cn: 'other.thirdparty.nhs.uk' })]
  const client = { key: one.keyPem, cert: one.chainPem }
  const resumption = await connected(client)
  await connected(client)
  await connected({ ...client, ...resumption })
  await connected({ key: other.keyPem, cert: other.chainPem })
  const [first, second, resumed, others] = shown()
  expect(first).toMatchObject({
    sha256: one.certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    subject: one.certificate.subject.replaceAll('\n', ', '),
  })
  expect(seen[2]?.resumed).toBe(true)
  expect(second).toBe(first)
  expect(resumed).toBe(first)
  expect(others?.sha256).not.toBe(first?.sha256)
})

test('what was first seen of a resumed session is not kept: it shows no issuers', async () => {
  const one = await sub.issue({ cn: 'one.thirdparty.nhs.uk' })
  const client = { key: one.keyPem, cert: one.chainPem }
  const resumption = await connected(client)
  presentations = createPresentations()
  await connected({ ...client, ...resumption })
  await connected(client)
  await connected(client)
  const [, resumed, full, again] = shown()
  expect(seen[1]?.resumed).toBe(true)
  expect(resumed?.presented.presentedIssuers).toHaveLength(0)
  expect(full?.presented.presentedIssuers).toHaveLength(1)
  expect(again).toBe(full)
})

test('whoever shows less with a certificate that is known is looked at anew, and is judged by what it shows', async () => {
  const one = await sub.issue({ cn: 'one.thirdparty.nhs.uk' })
  await connected({ key: one.keyPem, cert: one.chainPem })
  await connected({ key: one.keyPem, cert: one.certificatePem })
  const [full, alone] = shown()
  expect(alone).not.toBe(full)
  expect(alone?.presented).toMatchObject({ presentedIssuers: [], opensslError: expect.stringMatching(/^UNABLE_TO_/) })
})

test('one that is not good is never shared, and one that was good and is no longer is looked at anew', async () => {
  const foreign = await createAuthority({ name: 'Foreign' })
  const stranger = await foreign.issue({ cn: 'stranger.thirdparty.nhs.uk' })
  for (const _ of [1, 2]) await connected({ key: stranger.keyPem, cert: stranger.chainPem })
  expect(seen[1]?.shown).not.toBe(seen[0]?.shown)
  seen = []
  const one = await sub.issue({ cn: 'one.thirdparty.nhs.uk' })
  const client = { key: one.keyPem, cert: one.chainPem }
  await connected(client)
  sub.revoke(one.serial)
  trust = await trustStoreOf({
    anchors: [root.certificatePem],
    intermediates: [sub.certificatePem],
    crls: [await root.crl(), await sub.crl()],
  })
  await connected(client)
  await connected(client)
  const [before, after, again] = shown()
  expect(after).not.toBe(before)
  expect(again).not.toBe(after)
  expect(trust.judge(again?.presented as Presentation['presented'], Date.now())).toMatchObject({
    kind: 'bad',
    reason: expect.stringMatching(/^revoked/),
  })
})

test('a peer without a certificate shows nothing', async () => {
  await connected({})
  expect(shown()).toEqual([undefined])
})
