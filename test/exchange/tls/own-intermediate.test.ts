import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createAuthority, type Issued } from '../../support/certificate-authority.ts'
import { everyRefusalRecorded } from '../../support/expect-refusal.ts'
import { startFakeProvider } from '../../support/fake-provider.ts'
import { startWorld, type World, world } from '../../support/start-world.ts'
import { shakeHands, type TlsConsumer } from '../../support/tls-consumer.ts'
import { badCertificate, expectRefused, type WireAnswer } from '../../support/wire.ts'

let here: World
beforeAll(async () => {
  // The intermediate is not configured: only who sends it can be verified.
  here = await startWorld({ settings: { ...everyRefusalRecorded, trust: { intermediates: [], crls: [], requireCrl: false } } })
})
afterAll(() => here.close())

/** A consumer of its own, so that it can be forgotten without the others. */
function another(): Promise<Issued> {
  return here.certificates.intermediate.issue({ cn: world.consumer.fqdn, dnsNames: [world.consumer.fqdn], usages: ['clientAuth'] })
}

async function sessionOf(
  options: Parameters<typeof shakeHands>[1],
): Promise<{ readonly session: Buffer; readonly answer: WireAnswer | undefined }> {
  const first = await shakeHands(here, options)
  const answer = await first.ask()
  first.socket.destroy()
  if (first.session === undefined) throw new Error('the proxy gave no session')
  return { session: first.session, answer }
}

async function resumed(
  options: Parameters<typeof shakeHands>[1],
): Promise<{ readonly consumer: TlsConsumer; readonly answer: WireAnswer | undefined }> {
  const consumer = await shakeHands(here, options)
  return { consumer, answer: await consumer.ask() }
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'over %s, who sends a renewed intermediate is served, resumed too, and a provider called, where the expired one is configured',
  async (version) => {
    const parent = here.certificates.authority
    const [notBefore, notAfter] = [Date.now() - 9 * 86_400_000, Date.now() - 86_400_000]
    const renewed = await createAuthority({ name: 'Renewed Sub', parent })
    const expired = await createAuthority({ name: 'Renewed Sub', parent, key: renewed.key, notBefore, notAfter })
    const file = join(here.directory, 'expired.pem')
    await writeFile(file, expired.certificatePem)
    const cast = await renewed.issue({ cn: world.provider.fqdn, dnsNames: [world.provider.fqdn], usages: ['serverAuth'] })
    const provider = await startFakeProvider({ cert: cast.chainPem, key: cast.keyPem, ca: parent.certificatePem, maxVersion: version })
    const running = await startWorld({
      settings: { trust: { intermediates: ['intermediate.pem', file], crls: [], requireCrl: false } },
      providerPort: provider.port,
    })
    try {
      const as = await renewed.issue({ cn: world.consumer.fqdn, dnsNames: [world.consumer.fqdn], usages: ['clientAuth'] })
      const only = { as, minVersion: version, maxVersion: version }
      const first = await shakeHands(running, only)
      expect((await first.ask())?.status).toBe(200)
      first.socket.destroy()
      const again = await shakeHands(running, { ...only, ...(first.session && { session: first.session }) })
      expect([(await again.ask())?.status, again.socket.isSessionReused()]).toEqual([200, true])
      again.socket.destroy()
    } finally {
      await running.close()
      await provider.close()
    }
  },
)

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('O2: over %s, with the intermediate known from the caller alone', (version) => {
  const only = { minVersion: version, maxVersion: version }

  test('who sent it is served, and again when the session is resumed with its certificate alone', async () => {
    const as = await another()
    const { session, answer } = await sessionOf({ ...only, as })
    expect(answer?.status).toBe(200)
    const again = await resumed({ ...only, as, session })
    expect([again.consumer.socket.isSessionReused(), again.answer?.status]).toEqual([true, 200])
    again.consumer.socket.destroy()
  })

  test('who never sent it is refused, in full and resumed: what could not be checked is never taken for good', async () => {
    const as = await another()
    const alone = { ...as, chainPem: as.certificatePem }
    const { session, answer } = await sessionOf({ ...only, as: alone })
    await expectRefused(here, answer, badCertificate)
    const again = await resumed({ ...only, as: alone, session })
    const record = await expectRefused(here, again.answer, badCertificate)
    expect(record.reason).toMatch(/chain|anchor|issuer/)
    await again.consumer.closed
  })

  test('behind a change of the anchors the session is worth nothing', async () => {
    const as = await another()
    const { session } = await sessionOf({ ...only, as })
    await writeFile(join(here.directory, 'ca.new'), here.certificates.operators.certificatePem)
    await writeFile(join(here.directory, 'other.new'), here.certificates.authority.certificatePem)
    await rename(join(here.directory, 'ca.new'), join(here.directory, 'ca.pem'))
    await rename(join(here.directory, 'other.new'), join(here.directory, 'operators-ca.pem'))
    expect(await here.proxy.reload('test')).toMatchObject({ ok: true })
    const again = await resumed({ ...only, as, session })
    expect(again.consumer.socket.isSessionReused()).toBe(false)
    await expectRefused(here, again.answer, badCertificate)
    await again.consumer.closed
    await writeFile(join(here.directory, 'ca.pem'), here.certificates.authority.certificatePem)
    await writeFile(join(here.directory, 'operators-ca.pem'), here.certificates.operators.certificatePem)
    expect(await here.proxy.reload('test')).toMatchObject({ ok: true })
    expect((await resumed({ ...only, as })).answer?.status).toBe(200)
  })
})
