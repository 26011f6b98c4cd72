import { createHash } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../../src/lib/clock.ts'
import { createAuthority, type Issued, type IssueOptions } from '../../support/certificate-authority.ts'
import { closedAfterEach } from '../../support/closed-after-each.ts'
import { type Answer, call } from '../../support/consumer.ts'
import { type FakeProvider, startFakeProvider } from '../../support/fake-provider.ts'
import { furtherProvider } from '../../support/further-providers.ts'
import { startOpensslServer } from '../../support/openssl-server.ts'
import { whereInstalled } from '../../support/outside-program.ts'
import { certificates, startWorld, type World, type WorldOptions } from '../../support/start-world.ts'
import { shakeHands } from '../../support/tls-consumer.ts'
import { until } from '../../support/until.ts'

const other = 'elsewhere.thirdparty.nhs.uk'
let here: World
let number = 100
let edition = 10
const closing = closedAfterEach()

/** A world with a provider that presents this certificate, registered with this much more. */
async function worldWith(
  cast: Issued,
  more: object = {},
  { dialled, ...options }: { readonly dialled?: number } & Pick<WorldOptions, 'clock'> = {},
): Promise<{ readonly world: World; readonly provider: FakeProvider; ask(): Promise<Answer> }> {
  const { authority } = await certificates()
  const further = furtherProvider('further', ++number)
  const provider = await closing.kept(startFakeProvider({ cert: cast.chainPem, key: cast.keyPem, ca: authority.certificatePem }))
  here = await closing.kept(
    startWorld({
      ...options,
      systems: [further.system],
      endpoints: [{ ...further.endpoint, ...more }],
      dialOverrides: { [`${further.host}:443`]: `127.0.0.1:${dialled ?? provider.port}` },
    }),
  )
  const ask = (): Promise<Answer> => call(here, { headers: { 'Ssp-To': further.asid }, url: `${further.root}/Patient?identifier=x` })
  return { world: here, provider, ask }
}

async function issued(change: Partial<IssueOptions> = {}): Promise<Issued> {
  const cn = furtherProvider('further', 0).host
  return (await certificates()).intermediate.issue({ cn, dnsNames: [cn], usages: ['serverAuth'], ...change })
}

async function reasonOf(answer: Answer): Promise<string> {
  const found = await until('the outcome', () =>
    here.audit().find((entry) => entry.type === 'outcome' && entry.exchange === answer.exchange),
  )
  return found.type === 'outcome' ? (found.reason ?? '') : ''
}

test('the certificate of the registered host is taken, on a first connection and on further ones', async () => {
  const { ask } = await worldWith(await issued())
  expect([(await ask()).status, (await ask()).status]).toEqual([200, 200])
})

describe('T21: a provider is refused with 502 and the fault domain provider-tls, and a reason that a help desk understands, where its certificate', () => {
  const day = 86_400_000
  test.each<[string, () => Promise<Issued>, RegExp]>([
    [
      'is for another host',
      () => issued({ cn: other, dnsNames: [other] }),
      /^the provider's certificate is for elsewhere\.thirdparty\.nhs\.uk, not for the registered host further\.thirdparty\.nhs\.uk$/,
    ],
    [
      'is for a wildcard that would cover the host',
      () => issued({ cn: '*.thirdparty.nhs.uk', dnsNames: ['*.thirdparty.nhs.uk'] }),
      /^the provider's certificate is for no host by name, not for/,
    ],
    [
      'names the host as its common name beside another dNSName',
      () => issued({ dnsNames: [other] }),
      /is for elsewhere\.thirdparty\.nhs\.uk, not for/,
    ],
    [
      'has expired',
      () => issued({ notBefore: Date.now() - 2 * day, notAfter: Date.now() - day }),
      /^the provider's certificate has expired$/,
    ],
    ['is not valid yet', () => issued({ notBefore: Date.now() + day }), /^the provider's certificate is not valid yet$/],
    ['is not for servers', () => issued({ usages: ['clientAuth'] }), /^the provider's certificate is not for server authentication$/],
    [
      'is of an unknown authority',
      async () => (await createAuthority({ name: 'Unknown' })).issue({ cn: furtherProvider('further', 0).host, usages: ['serverAuth'] }),
      /does not chain to the anchors$/,
    ],
    [
      'was revoked before',
      async () => {
        const cast = await issued()
        ;(await certificates()).intermediate.revoke(cast.serial)
        return cast
      },
      /^the provider's certificate: revoked on \d{4}-/,
    ],
  ])('%s', async (_what, made, reason) => {
    const { ask, provider } = await worldWith(await made())
    const answer = await ask()
    expect([answer.status, answer.verdict.origin]).toEqual([502, 'provider-tls'])
    expect(await reasonOf(answer)).toMatch(reason)
    expect(provider.received).toEqual([])
  })
})

test('T21: a provider whose certificate ends while a connection to it is kept is refused from then on', async () => {
  let ahead = 0
  const clock = { ...systemClock, now: () => Date.now() + ahead }
  const { ask, provider } = await worldWith(await issued({ notAfter: Date.now() + 60_000 }), {}, { clock })
  expect([(await ask()).status, (await ask()).status, provider.connections.accepted]).toEqual([200, 200, 1])
  ahead = 120_000
  const answer = await ask()
  expect([answer.status, answer.verdict.origin]).toEqual([502, 'provider-tls'])
  expect(await reasonOf(answer)).toMatch(/^the provider's certificate: certificate expired on /)
  expect(provider.received).toHaveLength(2)
})

whereInstalled('openssl', (openssl) => {
  test.each(['tls1_2', 'tls1_3'])(
    'T21: a provider that believes another authority, and refuses ours, is 502 by provider-tls too (%s)',
    async (version) => {
      const [cast, realm] = [await issued(), await createAuthority({ name: 'Another realm' })]
      const server = await closing.kept(
        startOpensslServer(openssl, cast, ['-Verify', '1', '-verify_return_error', `-${version}`], realm.certificatePem),
      )
      const { ask } = await worldWith(cast, {}, { dialled: server.port })
      const answer = await ask()
      expect([answer.status, answer.verdict.origin]).toEqual([502, 'provider-tls'])
      expect(await reasonOf(answer)).toMatch(/^the provider refused the proxy's own certificate \(ERR_SSL_\w*ALERT_UNKNOWN_CA\)$/)
    },
  )
})

describe('a record with a pin', () => {
  function keyPinOf(cast: Issued): string {
    return createHash('sha256')
      .update(cast.certificate.publicKey.export({ type: 'spki', format: 'der' }))
      .digest('hex')
  }

  test('takes that certificate, or that key, whatever its name, and no other', async () => {
    const cast = await issued({ cn: other, dnsNames: [other], keyType: 'ec' })
    for (const pin of [cast.sha256, keyPinOf(cast), cast.sha256.toUpperCase()]) {
      const { ask } = await worldWith(cast, { pin })
      expect([(await ask()).status, (await ask()).status]).toEqual([200, 200])
    }
    const rightName = await issued({ keyType: 'ec' })
    const { ask } = await worldWith(rightName, { pin: cast.sha256 })
    const answer = await ask()
    expect([answer.status, answer.verdict.origin]).toEqual([502, 'provider-tls'])
    expect(await reasonOf(answer)).toBe("the provider's certificate is not the one that the record of its endpoint pins")
  })

  test('does not make up for an unknown authority or a revocation', async () => {
    const stranger = await (await createAuthority({ name: 'Unknown' })).issue({ cn: other, usages: ['serverAuth'] })
    const revoked = await issued()
    ;(await certificates()).intermediate.revoke(revoked.serial)
    for (const cast of [stranger, revoked]) {
      const { ask } = await worldWith(cast, { pin: cast.sha256 })
      expect((await ask()).status).toBe(502)
    }
  })
})

describe('a provider that is revoked while its connection is open', () => {
  async function revoke(cast: Issued): Promise<void> {
    const { authority, intermediate } = await certificates()
    intermediate.revoke(cast.serial)
    await writeFile(
      join(here.directory, 'crl.new'),
      (await authority.crl({ number: ++edition })) + (await intermediate.crl({ number: ++edition })),
    )
    await rename(join(here.directory, 'crl.new'), join(here.directory, 'crl.pem'))
    expect(await here.proxy.reload('test')).toMatchObject({ ok: true })
  }

  test('has its idle connection cut, and the next call is refused', async () => {
    const cast = await issued()
    const { ask, provider } = await worldWith(cast)
    expect([(await ask()).status, provider.connections.open]).toEqual([200, 1])
    await revoke(cast)
    await until('its connection is cut', () => provider.connections.open === 0)
    expect([(await ask()).status, provider.received.length]).toEqual([502, 1])
  })

  test('has the answer under way cut, and the audit says why', async () => {
    const cast = await issued()
    const { provider, world } = await worldWith(cast)
    provider.answer = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/fhir+json' })
      response.write('{"begun":')
    }
    const further = furtherProvider('further', number)
    const consumer = await shakeHands(world)
    void consumer.ask({ target: `/${further.root}/Patient?identifier=x`, to: further.asid })
    await until('the answer has begun', () => consumer.text.includes('{"begun":'))
    await revoke(cast)
    await consumer.closed
    const outcome = await until('the outcome', () => world.audit().find((entry) => entry.type === 'outcome'))
    expect(outcome).toMatchObject({
      end: 'aborted',
      origin: 'provider-tls',
      reason: expect.stringMatching(/^the provider's certificate: revoked on/),
    })
  })
})
