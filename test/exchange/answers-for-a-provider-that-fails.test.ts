import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { createAuthority, type Issued } from '../support/certificate-authority.ts'
import { type Answer, call } from '../support/consumer.ts'
import { type ExpectedRefusal, expectRefusedAnswer, forwardedRecords } from '../support/expect-refusal.ts'
import { startRawProvider } from '../support/fake-provider.ts'
import { type FurtherProvider, furtherProvider } from '../support/further-providers.ts'
import { certificates, startWorld, type World } from '../support/start-world.ts'

const day = 86_400_000
const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'
const closing: (() => Promise<unknown>)[] = []
const providers = new Map<string, FurtherProvider>()
const dialled: Record<string, string> = {}
let here: World
let older: World

/** A listener that completes no handshake. */
async function bareTcp(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    onConnection(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

function add(name: string, port: number | undefined): void {
  const made = furtherProvider(name, providers.size + 1)
  providers.set(name, made)
  if (port !== undefined) dialled[`${made.host}:443`] = `127.0.0.1:${port}`
}

async function addTls(name: string, issued: Issued, text: string | null = ok, anchors?: string): Promise<void> {
  const { authority } = await certificates()
  const tls = { cert: issued.chainPem, key: issued.keyPem, ca: anchors ?? authority.certificatePem }
  const provider = await startRawProvider(tls, (socket) => {
    socket.on('data', () => {
      if (text !== null) socket.end(text, 'latin1')
    })
  })
  closing.push(() => provider.close())
  add(name, provider.port)
}

beforeAll(async () => {
  const { intermediate } = await certificates()
  const unknown = await createAuthority({ name: 'Another Root' })
  const issue = (name: string, more: object = {}) => {
    const fqdn = `${name}.thirdparty.nhs.uk`
    return intermediate.issue({ cn: fqdn, dnsNames: [fqdn], usages: ['clientAuth', 'serverAuth'], ...more })
  }
  const revoked = await issue('revoked')
  intermediate.revoke(revoked.serial)
  await addTls('good', await issue('good'))
  await addTls('expired', await issue('expired', { notBefore: new Date(Date.now() - 2 * day), notAfter: new Date(Date.now() - day) }))
  await addTls('too-early', await issue('too-early', { notBefore: new Date(Date.now() + day), notAfter: new Date(Date.now() + 2 * day) }))
  await addTls('wrong-host', await issue('somebody-else'))
  await addTls('other-authority', await unknown.issue({ cn: 'x', dnsNames: ['other-authority.thirdparty.nhs.uk'], usages: ['serverAuth'] }))
  await addTls('revoked', revoked)
  await addTls('for-clients', await issue('for-clients', { usages: ['clientAuth'] }))
  await addTls('wants-another', await issue('wants-another'), ok, unknown.certificatePem)
  await addTls('silent', await issue('silent'), '')
  await addTls('garbled', await issue('garbled'), 'SSH-2.0-x\r\n')
  await addTls('hangs', await issue('hangs'), null)
  await addTls('status-600', await issue('status-600'), 'HTTP/1.1 600 High\r\nContent-Length: 0\r\n\r\n')
  add('no-handshake', await bareTcp(() => undefined))
  add('hangs-up', await bareTcp((socket) => socket.destroy()))
  const closed = createTcpServer()
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
  add('refuses', (closed.address() as AddressInfo).port)
  await new Promise((resolve) => closed.close(resolve))
  add('unresolvable', undefined)
  const all = [...providers.values()]
  const records = { systems: all.map(({ system }) => system), dialOverrides: dialled, endpoints: all.map(({ endpoint }) => endpoint) }
  const forwarding = { tlsTimeoutSeconds: 0.5, firstByteTimeoutSeconds: 0.3 }
  here = await startWorld({ settings: { forwarding }, ...records })
  older = await startWorld({ settings: { forwarding: { ...forwarding, timeoutStatus: 599 } }, ...records })
})
afterAll(async () => {
  await here.close()
  await older.close()
  for (const close of closing) await close()
})

function calling(where: World, name: string): Promise<Answer> {
  const { asid, root } = providers.get(name)!
  return call(where, { url: `${root}/Patient?identifier=x|9990000018`, headers: { 'Ssp-To': asid } })
}

/** Row 16: the answer, its receipt, and both records. */
async function expectFailure(
  where: World,
  name: string,
  expected: Partial<ExpectedRefusal> & { origin: string; verdict: string },
): Promise<void> {
  const answer = await calling(where, name)
  const target = `${providers.get(name)!.root}/Patient`
  const text = `ERROR_COMMUNICATING_TO_ENDPOINT_URL_${target}`
  const full = { status: 502, rule: 'provider-exchange', code: '', issue: 'transient', text, closes: false, ...expected }
  expectRefusedAnswer(answer, full)
  expect(answer.headers['ssp-receipt']).toMatch(/^log="test\/main", index=\d+, leaf=/)
  const { outcome } = await forwardedRecords(where, answer)
  const { status, origin, rule } = full
  expect(outcome).toMatchObject({
    end: 'refused',
    status,
    origin,
    rule,
    verdict: expected.verdict,
    reason: expect.stringMatching(expected.reason ?? /./),
  })
  expect(outcome.providerStatus).toBeUndefined()
}

test('a provider that is as it should be answers', async () => {
  expect((await calling(here, 'good')).status).toBe(200)
})

test.each([
  ['expired', /expired/],
  ['too-early', /not valid yet/],
  ['wrong-host', /not for the registered host/],
  ['other-authority', /does not chain/],
  ['revoked', /revoked/],
  ['for-clients', /not for server authentication/],
] as const)('T21: a provider whose certificate is wrong (%s) is answered 502 by provider-tls', async (name, reason) => {
  await expectFailure(here, name, { origin: 'provider-tls', verdict: 'PROVIDER_TLS_FAILED', reason })
})

test.each([
  ['refuses', 'provider-network', 'PROVIDER_UNREACHABLE', /no TCP connection \(ECONNREFUSED\)/],
  ['hangs-up', 'provider-tls', 'PROVIDER_TLS_FAILED', /./],
  ['unresolvable', 'provider-network', 'PROVIDER_UNREACHABLE', /cannot be resolved/],
  ['wants-another', 'provider-network', 'PROVIDER_UNREACHABLE', /connection broke/],
  ['silent', 'provider-network', 'PROVIDER_UNREACHABLE', /connection broke/],
  ['garbled', 'provider', 'PROVIDER_ANSWER_INVALID', /not HTTP/],
  ['status-600', 'provider', 'PROVIDER_ANSWER_INVALID', /status is 600/],
] as const)('D4: a provider that cannot be talked to (%s) is answered 502 by %s', async (name, origin, verdict, reason) => {
  await expectFailure(here, name, { origin, verdict, reason })
})

test.each([
  ['no-handshake', 'provider-tls', 'PROVIDER_TLS_TIMEOUT', /no TLS handshake/],
  ['hangs', 'provider', 'PROVIDER_TIMEOUT', /did not begin its answer/],
] as const)('D4: a provider that takes too long (%s) is answered 504, or 599 by setting', async (name, origin, verdict, reason) => {
  const target = `${providers.get(name)!.root}/Patient`
  const late = { issue: 'timeout', text: `TIMEOUT_COMMUNICATING_TO_ENDPOINT_URL_${target}`, origin, verdict, reason }
  await expectFailure(here, name, { ...late, status: 504 })
  await expectFailure(older, name, { ...late, status: 599 })
})
