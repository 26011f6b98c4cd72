import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { callControl } from '../../src/ops/control-client.ts'
import { call, open, wireText } from '../support/consumer.ts'
import { everyRefusalRecorded } from '../support/expect-refusal.ts'
import { beginCall, streamForEver } from '../support/slow-streams.ts'
import { startWorld, type World, world } from '../support/start-world.ts'
import { until } from '../support/until.ts'

let here: World
let sendPlain: World['provider']['answer']
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
  sendPlain = here.provider.answer
})
afterEach(() => {
  here.provider.answer = sendPlain
})
afterAll(() => here.close())

const gigabyte = 1_000_000_000

async function lockOut(selector: Readonly<Record<string, string>>): Promise<string> {
  const made = await callControl(here.proxy.socketPath, 'POST', '/lockouts', { ...selector, reason: 'key stolen' })
  expect(made.status).toBe(201)
  return (made.body as { id: string }).id
}

async function release(id: string): Promise<void> {
  expect((await callControl(here.proxy.socketPath, 'DELETE', `/lockouts/${id}`)).status).toBe(200)
}

function certificateOf(pem: string): string {
  return new X509Certificate(pem).fingerprint256.replaceAll(':', '').toLowerCase()
}
const consumerSha256 = (): string => certificateOf(here.certificates.consumer.certificatePem)
const endpoint = (): string => {
  const found = here.audit().find((entry) => entry.type === 'forwarding' && entry.request.interaction === world.searchPatient)
  return found?.type === 'forwarding' ? found.endpoint.cpaId : ''
}
const outcomeOf = (exchange: string) =>
  until('the outcome is recorded', () => here.audit().find((entry) => entry.type === 'outcome' && entry.exchange === exchange))

test.each<[string, () => Readonly<Record<string, string>>]>([
  ['certificate', () => ({ certificate: consumerSha256() })],
  ['ASID', () => ({ asid: world.consumer.asid })],
  ['certificate as far as it speaks for the ASID', () => ({ binding: `${consumerSha256()}:${world.consumer.asid}` })],
  ['party key', () => ({ partyKey: world.consumer.partyKey })],
  ['organisation', () => ({ organisation: world.consumer.odsCode })],
  ["provider's endpoint", () => ({ endpoint: endpoint() })],
  ["provider's system", () => ({ asid: world.provider.asid })],
  ["provider's party key", () => ({ partyKey: world.provider.partyKey })],
  ["provider's organisation", () => ({ organisation: world.provider.odsCode })],
])(
  'R3: a lockout of the %s cuts the stream in flight on both legs, and is its reason in the audit; released, calls pass',
  async (_, selector) => {
    const sent = streamForEver(here.provider, gigabyte)
    const begun = await beginCall(here)
    await until('the stream runs', () => begun.bytes() > 1_000_000)
    const id = await lockOut(selector())
    expect(await begun.ended).toBe('cut')
    await until('the provider’s leg is cut', () => sent.cut() === 1)
    expect(await outcomeOf(begun.exchange)).toMatchObject({
      end: 'aborted',
      rule: 'lockout',
      origin: 'policy',
      reason: expect.stringContaining(id),
    })
    await until('what was cut is recorded', () =>
      here.audit().some((entry) => entry.type === 'operation' && entry.act === 'lockout-in-force' && entry.detail['id'] === id),
    )
    here.provider.answer = sendPlain
    expect((await call(here)).verdict.rule).toBe('lockout')
    await release(id)
    expect((await call(here)).status).toBe(200)
  },
)

test('a call that waits for its answer gets the refusal, on a connection that goes on', async () => {
  const waiting = new Promise<void>((resolve) => {
    here.provider.answer = () => resolve()
  })
  const socket = await open(here)
  let text = ''
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
  })
  socket.write(wireText())
  await waiting
  const id = await lockOut({ asid: world.consumer.asid })
  await until('the refusal has come', () => text.startsWith('HTTP/1.1 403 ') && text.includes('ACCESS_DENIED'))
  expect(text).not.toContain('key stolen')
  await release(id)
  here.provider.answer = sendPlain
  text = ''
  socket.write(wireText())
  await until('the next call passes', () => text.startsWith('HTTP/1.1 200 '))
  socket.destroy()
})

test('a body on its way up ends at the provider too, and is not taken for whole', async () => {
  let aborted = false
  const reading = new Promise<void>((resolve) => {
    here.provider.answer = (incoming) => {
      incoming.on('error', () => undefined)
      incoming.once('close', () => {
        aborted = !incoming.complete
      })
      incoming.once('data', () => resolve())
      incoming.resume()
    }
  })
  const socket = await open(here)
  socket.on('error', () => undefined)
  const appointment = 'urn:nhs:names:services:gpconnect:fhir:rest:create:appointment-1'
  const head = wireText({
    method: 'POST',
    target: `/${world.root}/Appointment`,
    interaction: appointment,
    extra: 'Content-Type: application/fhir+json\r\nContent-Length: 1000000\r\n',
  })
  socket.write(`${head}${'x'.repeat(100_000)}`)
  await reading
  const closed = once(socket, 'close')
  socket.resume()
  const id = await lockOut({ asid: world.consumer.asid })
  await until('the provider saw it break off', () => aborted)
  socket.end()
  await closed
  await release(id)
})

test('an open socket of the certificate is cut, a new handshake and a resumed session are refused, and once released all pass', async () => {
  const idle = await open(here)
  const session = new Promise<Buffer>((resolve) => idle.once('session', resolve))
  idle.write(wireText())
  const ticket = await session
  idle.resume()
  const closed = once(idle, 'close')
  const id = await lockOut({ certificate: consumerSha256() })
  await closed
  expect((await call(here)).verdict.rule).toBe('lockout')
  const resumed = await resume(ticket)
  expect(await answerOn(resumed)).toMatch(/^HTTP\/1\.1 403 /)
  await release(id)
  expect(await answerOn(await resume(ticket))).toMatch(/^HTTP\/1\.1 200 /)
})

test('the streams of others go on', async () => {
  streamForEver(here.provider, 300_000_000)
  const begun = await beginCall(here)
  await until('the stream runs', () => begun.bytes() > 1_000_000)
  const id = await lockOut({ asid: world.stranger.asid })
  expect(await begun.ended).toBe('whole')
  await release(id)
})

test('O4: whoever is not bound to a locked-out ASID gets the same answer as for any other, and is told nothing of the lockout', async () => {
  const asStranger = (asid: string) => call(here, { as: here.certificates.stranger, headers: { 'Ssp-From': asid } })
  const shape = ({ status, verdict, closes, body, headers }: Awaited<ReturnType<typeof call>>) => ({
    status,
    verdict,
    closes,
    names: Object.keys(headers).sort(),
    body: { ...JSON.parse(body.toString()), id: 'any' },
  })
  const before = shape(await asStranger(world.consumer.asid))
  const ids = [await lockOut({ asid: world.consumer.asid }), await lockOut({ partyKey: world.provider.partyKey })]
  expect(shape(await asStranger(world.consumer.asid))).toEqual(before)
  expect(shape(await asStranger('200000000999'))).toEqual(before)
  expect(before).toMatchObject({ status: 495, verdict: { rule: 'identity-binding' } })
  for (const id of ids) await release(id)
})

function resume(session: Buffer): Promise<TLSSocket> {
  const { certificates, proxy } = here
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: '127.0.0.1',
      port: proxy.dataPort,
      servername: 'localhost',
      ca: certificates.authority.certificatePem,
      cert: certificates.consumer.chainPem,
      key: certificates.consumer.keyPem,
      session,
    })
    socket.once('error', reject)
    socket.once('secureConnect', () => resolve(socket))
  })
}

async function answerOn(socket: TLSSocket): Promise<string> {
  socket.write(wireText())
  const [first] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return first.toString('latin1')
}
