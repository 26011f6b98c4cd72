import { callControl } from '../../../src/ops/control-client.ts'
import type { Issued } from '../../support/certificate-authority.ts'
import { everyRefusalRecorded } from '../../support/expect-refusal.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'
import { shakeHands } from '../../support/tls-consumer.ts'
import { badCertificate, expectRefused, noCertificate, unbound } from '../../support/wire.ts'

let here: World
beforeAll(async () => {
  here = await startWorld({ settings: everyRefusalRecorded })
})
afterAll(() => here.close())

/** A session of this party's, as the proxy gave it behind a first request. */
async function sessionOf(options: Parameters<typeof shakeHands>[1]): Promise<Buffer> {
  const consumer = await shakeHands(here, options)
  expect((await consumer.ask())?.status).toBeDefined()
  consumer.socket.destroy()
  if (consumer.session === undefined) throw new Error('the proxy gave no session')
  return consumer.session
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s', (version) => {
  const only = { minVersion: version, maxVersion: version }

  test('a session is resumed, and its request is decided like any other; the audit says that it was', async () => {
    const resumed = await shakeHands(here, { ...only, session: await sessionOf(only) })
    const answer = await resumed.ask()
    expect([resumed.socket.isSessionReused(), answer?.status]).toEqual([true, 200])
    resumed.socket.destroy()
    const record = here.audit().find((entry) => entry.type === 'forwarding' && entry.exchange === answer?.exchange)
    expect(record).toMatchObject({ consumer: { tlsResumed: true, certificateSha256: here.certificates.consumer.sha256 } })
  })

  test('T1: a session that began without a certificate is resumed to no more than 496', async () => {
    const options = { ...only, as: null }
    for (const session of [await sessionOf(options), await sessionOf(options)]) {
      const resumed = await shakeHands(here, { ...options, session })
      expect(resumed.socket.isSessionReused()).toBe(true)
      const record = await expectRefused(here, await resumed.ask(), noCertificate)
      expect(record.consumer).toMatchObject({ tlsResumed: true })
      expect(record.consumer.certificateSha256).toBeUndefined()
      await resumed.closed
    }
  })

  test('T1: whoever shows a certificate at the resumption of a session without one stays without one', async () => {
    const resumed = await shakeHands(here, { ...only, session: await sessionOf({ ...only, as: null }) })
    expect((await resumed.ask())?.status).toBe(resumed.socket.isSessionReused() ? 496 : 200)
  })

  test('T4: a session carries the certificate that it began with, whatever is shown at its resumption', async () => {
    const session = await sessionOf({ ...only, as: here.certificates.stranger })
    const resumed = await shakeHands(here, { ...only, session })
    const answer = await resumed.ask()
    // The consumer's own call on the stranger's session: the binding is the stranger's.
    expect(resumed.socket.isSessionReused()).toBe(true)
    const record = await expectRefused(here, answer, unbound)
    expect(record.consumer).toMatchObject({ tlsResumed: true, certificateSha256: here.certificates.stranger.sha256 })
    await resumed.closed
  })

  test('T13: a session whose certificate expires meanwhile is refused at the request, not at the handshake', async () => {
    const soon = await here.certificates.intermediate.issue({
      ...{ cn: world.consumer.fqdn, dnsNames: [world.consumer.fqdn], usages: ['clientAuth'] },
      notAfter: Math.ceil(Date.now() / 1000) * 1000 + 2_000,
    })
    const first = await shakeHands(here, { ...only, as: soon })
    expect((await first.ask())?.status).toBe(200)
    const session = first.session as Buffer
    await expired(soon)
    const kept = await first.ask()
    expect((await expectRefused(here, kept, badCertificate)).reason).toMatch(/expired/)
    await first.closed
    const resumed = await shakeHands(here, { ...only, as: soon, session })
    expect((await expectRefused(here, await resumed.ask(), badCertificate)).reason).toMatch(/expired/)
    await resumed.closed
  })

  test('T4, O1: a session of the consumers’ port is worth nothing at the operators’, nor the other way round', async () => {
    const atOperators = { ...only, port: here.proxy.opsPort }
    const foreign = await shakeHands(here, { ...atOperators, session: await sessionOf(only) }).catch(() => undefined)
    expect(foreign?.socket.isSessionReused() ?? false).toBe(false)
    foreign?.socket.destroy()

    const operator = await shakeHands(here, { ...atOperators, as: here.certificates.operator })
    operator.socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await new Promise<void>((resolve) => operator.socket.once('data', () => resolve()))
    operator.socket.destroy()
    const back = await shakeHands(here, { ...only, ...(operator.session && { session: operator.session }) })
    expect([back.socket.isSessionReused(), (await back.ask())?.status]).toEqual([false, 200])
    back.socket.destroy()
  })

  test('a session is worth nothing once somebody has been locked out', async () => {
    const session = await sessionOf(only)
    const made = await callControl(here.proxy.socketPath, 'POST', '/lockouts', { asid: world.stranger.asid, reason: 'key stolen' })
    expect(made.status).toBe(201)
    const next = await shakeHands(here, { ...only, session })
    expect([next.socket.isSessionReused(), (await next.ask())?.status]).toEqual([false, 200])
    next.socket.destroy()
    await callControl(here.proxy.socketPath, 'DELETE', `/lockouts/${(made.body as { id: string }).id}`)
  })
})

/** Resolves when the certificate has expired. */
function expired({ certificate }: Issued): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, certificate.validToDate.getTime() - Date.now() + 10))
}
