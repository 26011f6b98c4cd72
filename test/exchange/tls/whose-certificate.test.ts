import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Authority,
  type AuthorityOptions,
  createAuthority,
  createCertificateKey,
  extension,
  type Issued,
  type IssueOptions,
} from '../../support/certificate-authority.ts'
import { call } from '../../support/consumer.ts'
import { type ExpectedRefusal, everyRefusalRecorded, expectRefusal, forwardedRecords } from '../../support/expect-refusal.ts'
import { runProgram, whereInstalled } from '../../support/outside-program.ts'
import { certificates, startWorld, type World, world } from '../../support/start-world.ts'

const day = 86_400_000
const { fqdn, partyKey, odsCode } = world.consumer
/** Registered to ASIDs of their own by pin, and one more of the consumer's party key. */
const [byCertificate, byKey, byTwo, sibling, foreign] = ['200000000371', '200000000372', '200000000373', '200000000374', '200000000375']
let here: World
let sub: Authority
/** An anchor beside the usual one, in a file with a third, and what only its consumers know of. */
let second: Authority
let secondSub: Authority
let folder: string
let old: Issued
let renewed: Issued
let another: Issued

beforeAll(async () => {
  const all = await certificates()
  sub = all.intermediate
  const key = await createCertificateKey('ec')
  ;[old, renewed, another] = [await issued({ key }), await issued({ key }), await issued({ keyType: 'ec' })]
  const system = (asid: string, more: object = {}) => ({ asid, odsCode, partyKey, interactions: [world.searchPatient], ...more })
  second = await createAuthority({ name: 'Second Root' })
  secondSub = await createAuthority({ name: 'Second Sub', parent: second })
  folder = await mkdtemp(join(tmpdir(), 'anchors-'))
  const further = join(folder, 'further.pem')
  await writeFile(further, second.certificatePem + (await createAuthority({ name: 'Third Root' })).certificatePem)
  here = await startWorld({
    settings: {
      ...everyRefusalRecorded,
      // Else authorities without a list would be refused for that alone.
      trust: { requireCrl: false, anchors: ['ca.pem', further] },
      registry: { pins: { [byCertificate]: [old.sha256], [byKey]: [keyOf(old)], [byTwo]: [old.sha256, another.sha256] } },
    },
    systems: [
      ...[byCertificate, byKey, byTwo, sibling].map((asid) => system(asid)),
      system(foreign, { odsCode: 'T33333', partyKey: 'T33333-3333333' }),
    ],
    // The consumer's name is registered for this party key too.
    endpoints: [{ cpaId: 'S00000000009', odsCode: 'T33333', partyKey: 'T33333-3333333', fqdn }],
    sharingRules: [{ reference: 'ALL', effect: 'allow', from: '*', to: '*', interactions: ['*'] }],
  })
})
afterAll(async () => {
  await here.close()
  await rm(folder, { recursive: true, force: true })
})

function issued(change: Partial<IssueOptions> = {}, by: Authority = sub): Promise<Issued> {
  return by.issue({ cn: fqdn, dnsNames: [fqdn], usages: ['clientAuth'], ...change })
}

function keyOf({ certificate }: Issued): string {
  return createHash('sha256')
    .update(certificate.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}

const row2: ExpectedRefusal = {
  status: 495,
  rule: 'client-certificate',
  origin: 'consumer',
  code: 'BAD_CERTIFICATE',
  issue: 'forbidden',
  text: 'ACCESS_DENIED_SSL',
  closes: true,
}
const row7 = { ...row2, rule: 'identity-binding' }
const from = (asid: string) => ({ headers: { 'Ssp-From': asid } })

/** The certificate's own fingerprint is what the audit names. */
async function expectRefusedAs(as: Issued, expected: ExpectedRefusal): Promise<void> {
  await expectRefusal(here, { as }, expected)
  const record = here.audit().findLast((entry) => entry.type === 'refused')
  expect(record?.consumer.certificateSha256).toBe(as.sha256)
}

describe('a certificate under one of several anchors is good where', () => {
  test.each<[string, () => Promise<Issued>, number]>([
    ['its issuer is the first anchor', async () => issued({}, (await certificates()).authority), 200],
    ['its issuer is another one', () => issued({}, second), 200],
    ['its intermediate is configured, and it sends it', () => issued(), 200],
    ['its intermediate is configured, and it does not send it', () => withoutIssuers(issued()), 200],
    ['its intermediate is not configured, and it sends it', () => issued({}, secondSub), 200],
    ['and nowhere else: its intermediate is not configured, and it does not send it', () => withoutIssuers(issued({}, secondSub)), 495],
  ])('%s', async (_what, made, status) => {
    const as = await made()
    if (status === 200) {
      const { forwarding } = await forwardedRecords(here, await call(here, { as }))
      expect(forwarding.consumer.certificateSha256).toBe(as.sha256)
    } else await expectRefusedAs(as, { ...row2, reason: /chain|anchor|issuer/ })
  })

  async function withoutIssuers(made: Promise<Issued>): Promise<Issued> {
    const one = await made
    return { ...one, chainPem: one.certificatePem }
  }
})

whereInstalled('openssl', (openssl) => {
  test.each(['-tls1_2', '-tls1_3'])(
    'the names of all anchors and intermediates are announced (%s): some choose their certificate by them',
    async (version) => {
      const { out } = await runProgram(openssl, ['s_client', '-connect', `127.0.0.1:${here.proxy.dataPort}`, version, '-ign_eof'], {
        input: 'GET / HTTP/1.1\r\n\r\n',
      })
      const [, names = ''] = /^Acceptable client certificate CA names\n((?:O ?= ?.*\n)+)/m.exec(out.toString()) ?? []
      for (const name of ['Test Root', 'Test Sub', 'Second Root', 'Third Root']) expect(names).toMatch(new RegExp(`CN ?= ?${name}\n`))
      expect(names).not.toContain('Second Sub')
    },
  )
})

describe('a certificate whose subject is empty, which RFC 5280 allows beside a subjectAltName,', () => {
  test('goes by its dNSName, on record without a subject; of an unknown authority it is refused like any other', async () => {
    const as = await issued({ subject: [], dnsNames: [fqdn] })
    const { forwarding } = await forwardedRecords(here, await call(here, { as }))
    expect(forwarding.consumer).toMatchObject({ certificateSha256: as.sha256, certificateSubject: '(no name)', certificateNames: [fqdn] })
    await expectRefusedAs(await issued({ subject: [], dnsNames: [fqdn] }, await createAuthority({ name: 'Elsewhere' })), row2)
  })

  test('may be the proxy’s own, on either leg', async () => {
    const own = await issued({ subject: [], dnsNames: ['localhost'], usages: ['clientAuth', 'serverAuth'] })
    const [certificate, key] = [join(folder, 'own.pem'), join(folder, 'own.key')]
    await writeFile(certificate, own.chainPem)
    await writeFile(key, own.keyPem, { mode: 0o600 })
    const nameless = await startWorld({ settings: { listener: { certificate, key }, forwarding: { certificate, key } } })
    try {
      expect((await call(nameless)).status).toBe(200)
    } finally {
      await nameless.close()
    }
  })
})

describe('T10: the right name is worth nothing with', () => {
  test.each<[string, () => Promise<Issued>]>([
    ['another authority', async () => issued({}, await createAuthority({ name: 'Elsewhere' }))],
    ['another authority that is called like the anchor', async () => issued({}, await createAuthority({ name: 'Test Root' }))],
    ['another authority that is called like the intermediate', async () => issued({}, await createAuthority({ name: 'Test Sub' }))],
    [
      'an intermediate of another root that is called like ours',
      async () => issued({}, await createAuthority({ name: 'Test Sub', parent: await createAuthority({ name: 'Test Root' }) })),
    ],
    ['the operators’ authority', async () => issued({}, (await certificates()).operators)],
    ['a self-signed certificate', () => createAuthority({ name: fqdn, isCa: false })],
    ['a self-signed authority', () => createAuthority({ name: fqdn })],
    ['the same serial from another authority', async () => issued({ serial: old.serial }, await createAuthority({ name: 'Test Sub' }))],
    [
      'a chain that only shows ours beside its own',
      async () => {
        const mine = await issued({}, await createAuthority({ name: 'Elsewhere' }))
        return { ...mine, chainPem: mine.certificatePem + sub.certificatePem }
      },
    ],
  ])('%s', async (_what, made) => {
    await expectRefusedAs(await made(), { ...row2, reason: /chain|anchor|issuer|authority/ })
  })
})

describe('T11: what only looks like the registered name is another name:', () => {
  test.each<[string, Partial<IssueOptions>]>([
    ['NUL behind it', { rawCn: `${fqdn}\0.evil.example`, dnsNames: [] }],
    ['a newline and another name', { rawCn: `evil.example\nDNS:${fqdn}`, dnsNames: [] }],
    ['a comma and the text of a name', { dnsNames: [`evil.example, DNS:${fqdn}`] }],
    ['a Cyrillic letter', { rawCn: 'сonsumer.thirdparty.nhs.uk', dnsNames: [] }],
    ['a wildcard', { cn: '*.thirdparty.nhs.uk', dnsNames: ['*.thirdparty.nhs.uk'] }],
    ['the name as e-mail', { cn: 'evil.example', dnsNames: [], emails: [fqdn] }],
    ['the name as URI', { cn: 'evil.example', dnsNames: [], uris: [fqdn] }],
    ['the name as CN beside another dNSName', { dnsNames: ['evil.example'] }],
    ['a trailing dot', { rawCn: `${fqdn}.`, dnsNames: [`${fqdn}.`] }],
    [
      'two common names',
      {
        subject: [
          ['CN', 'evil.example'],
          ['CN', fqdn],
        ],
        dnsNames: [],
      },
    ],
  ])('%s', async (_what, change) => {
    const { cn, ...rest } = { cn: fqdn, ...change }
    const as = await issued('subject' in rest || 'rawCn' in rest ? rest : { cn, ...rest })
    await expectRefusedAs(as, { ...row7, reason: /not registered for T77777-7777777/ })
  })
})

describe('T12: a certificate is not for this where', () => {
  test.each<[string, () => Promise<Issued>, RegExp]>([
    ['it is for servers only', () => issued({ usages: ['serverAuth'] }), /lacks clientAuth|INVALID_PURPOSE/],
    ['it is for anything', () => issued({ usages: ['2.5.29.37.0'] }), /lacks clientAuth|INVALID_PURPOSE/],
    ['it says nothing', () => issued({ usages: [] }), /lacks clientAuth|INVALID_PURPOSE/],
    ['it is an authority', () => issued({ isCa: true }), /authority/],
    ['its issuer is no authority', async () => issued({}, await createAuthority({ name: 'Device', parent: sub, isCa: false })), /./],
    [
      'its issuer stands below more than the path length allows',
      async () => {
        const parent = await createAuthority({ name: 'Zero', parent: (await certificates()).authority, pathLength: 0 })
        return issued({}, await createAuthority({ name: 'Third', parent }))
      },
      /path length|PATH_LENGTH/,
    ],
    [
      'its issuer is confined to mail',
      async () =>
        issued({}, await createAuthority({ name: 'Mail', parent: (await certificates()).authority, usages: ['1.3.6.1.5.5.7.3.4'] })),
      /purpose|PURPOSE/,
    ],
    [
      'it has a critical extension that nobody knows',
      () => issued({ extensions: [extension('1.3.6.1.4.1.99999.7', true, new Uint8Array([5, 0]).buffer)] }),
      /not understood|CRITICAL_EXTENSION/,
    ],
    [
      'its issuer may certify other names only',
      () => confined({ permitted: [{ dns: 'another.nhs.uk' }] }),
      /may not certify dNSName "consumer\.thirdparty\.nhs\.uk" \(name constraints\)/,
    ],
    [
      'its issuer may not certify its name',
      () => confined({ permitted: [{ dns: 'nhs.uk' }], excluded: [{ dns: 'thirdparty.nhs.uk' }] }),
      /may not certify dNSName "consumer\.thirdparty\.nhs\.uk" \(name constraints\)/,
    ],
    [
      'its issuer may not certify another of its names',
      () => confined({ permitted: [{ dns: fqdn }] }, { dnsNames: [fqdn, 'elsewhere.example'] }),
      /may not certify dNSName "elsewhere\.example" \(name constraints\)/,
    ],
    [
      'its issuer may not certify its subject',
      () =>
        confined({
          permitted: [
            {
              directory: [
                ['O', 'another'],
                ['OU', 'Devices'],
              ],
            },
          ],
        }),
      /the subject.*\(name constraints\)/,
    ],
    ['it is signed with SHA-1', () => issued({ digest: 'SHA-1' }), /algorithm|WEAK|not accepted/],
  ])('%s', async (_what, made, reason) => {
    await expectRefusedAs(await made(), { ...row2, reason })
  })

  test('and it is where its issuer may certify its name', async () => {
    expect((await call(here, { as: await confined({ permitted: [{ dns: 'thirdparty.nhs.uk' }] }) })).status).toBe(200)
  })

  /** Of an authority that only some names are left to. */
  async function confined(
    nameConstraints: NonNullable<AuthorityOptions['nameConstraints']>,
    change: Partial<IssueOptions> = {},
  ): Promise<Issued> {
    const { authority } = await certificates()
    return issued(change, await createAuthority({ name: 'Confined', parent: authority, nameConstraints }))
  }
})

describe('T13: out of its time', () => {
  test.each<[string, () => Promise<Issued>, RegExp]>([
    ['expired', () => issued({ notBefore: Date.now() - 2 * day, notAfter: Date.now() - day }), /expired on/],
    ['not yet valid', () => issued({ notBefore: Date.now() + day }), /not valid before/],
    [
      'of an authority that has expired',
      async () => {
        const { authority } = await certificates()
        return issued(
          {},
          await createAuthority({ name: 'Past', parent: authority, notBefore: Date.now() - 9 * day, notAfter: Date.now() - day }),
        )
      },
      /its issuer's certificate expired on/,
    ],
  ])('%s', async (_what, made, reason) => {
    await expectRefusedAs(await made(), { ...row2, reason })
  })
})

describe('T14: which certificates count for an ASID', () => {
  test('without a pin: each that is good and whose name is registered for its party key, several at a time, each on record as itself', async () => {
    for (const as of [old, renewed, another, here.certificates.consumer]) {
      const { forwarding } = await forwardedRecords(here, await call(here, { as }))
      expect(forwarding.consumer.certificateSha256).toBe(as.sha256)
    }
  })

  test('one certificate counts for every ASID of its party keys, and for no other', async () => {
    for (const asid of [sibling, foreign]) {
      const { forwarding } = await forwardedRecords(here, await call(here, { as: old, ...from(asid) }))
      expect(forwarding.request.from).toBe(asid)
    }
    await expectRefusal(here, { as: old, ...from(world.stranger.asid) }, row7)
  })

  test('pinned by certificate: that one, not the one that was issued anew for its key', async () => {
    expect((await call(here, { as: old, ...from(byCertificate) })).status).toBe(200)
    await expectRefusal(here, { as: renewed, ...from(byCertificate) }, { ...row7, reason: /pinned to another/ })
    await expectRefusal(here, { as: another, ...from(byCertificate) }, { ...row7, reason: /pinned to another/ })
  })

  test('pinned by key: every good certificate of that key, and no other key', async () => {
    for (const as of [old, renewed]) expect((await call(here, { as, ...from(byKey) })).status).toBe(200)
    await expectRefusal(here, { as: another, ...from(byKey) }, { ...row7, reason: /pinned to another/ })
    await expectRefusal(here, { as: here.certificates.consumer, ...from(byKey) }, row7)
  })

  test('pinned to two: either, so that one can be renewed', async () => {
    for (const as of [old, another]) expect((await call(here, { as, ...from(byTwo) })).status).toBe(200)
    await expectRefusal(here, { as: renewed, ...from(byTwo) }, { ...row7, reason: /pinned to another/ })
  })

  test('a pin makes up for a name that is not registered, never for an expired, foreign or unusable certificate', async () => {
    const key = await createCertificateKey('ec')
    const named = await issued({ key, cn: 'elsewhere.nhs.uk', dnsNames: ['elsewhere.nhs.uk'] })
    const expired = await issued({ key, notBefore: Date.now() - 2 * day, notAfter: Date.now() - day })
    const strange = await issued({ key }, await createAuthority({ name: 'Elsewhere' }))
    const servers = await issued({ key, usages: ['serverAuth'] })
    const pinned = await startWorld({
      settings: { ...everyRefusalRecorded, registry: { pins: { [world.consumer.asid]: [keyOf(named)] } } },
    })
    try {
      expect((await call(pinned, { as: named })).status).toBe(200)
      for (const as of [expired, strange, servers]) await expectRefusal(pinned, { as }, row2)
    } finally {
      await pinned.close()
    }
  })

  test('the order in which they are seen changes nothing', async () => {
    const turns = [old, renewed, another, renewed, old, another, old, renewed].map(async (as) => {
      const statuses = [byCertificate, byKey, byTwo].map(async (asid) => (await call(here, { as, ...from(asid) })).status)
      return [as, await Promise.all(statuses)] as const
    })
    for (const [as, statuses] of await Promise.all(turns))
      expect(statuses).toEqual(as === old ? [200, 200, 200] : as === renewed ? [495, 200, 495] : [495, 495, 200])
  })
})

describe('T15: a good certificate of one organisation with the Ssp-From of another', () => {
  test.each([
    ['the consumer as the stranger', () => here.certificates.consumer, world.stranger.asid],
    ['the stranger as the consumer', () => here.certificates.stranger, world.consumer.asid],
    ['the provider as the consumer', () => here.certificates.provider, world.consumer.asid],
    ['the consumer as the provider', () => here.certificates.consumer, world.provider.asid],
    ['the proxy’s own certificate as the consumer', () => here.certificates.client, world.consumer.asid],
    ['the proxy’s server certificate as the consumer', () => here.certificates.server, world.consumer.asid],
    ['a name that is registered for nobody', () => here.certificates.badFqdn, world.consumer.asid],
    ['the consumer as an ASID that is pinned to another', () => here.certificates.consumer, byCertificate],
    ['the consumer as an ASID that nobody has', () => here.certificates.consumer, '999999999999'],
  ] as const)('%s: 495, closed, and on record with both', async (_what, as, asid) => {
    await expectRefusal(here, { as: as(), ...from(asid) }, row7)
    const record = here.audit().findLast((entry) => entry.type === 'refused')
    expect(record).toMatchObject({ request: { from: asid }, consumer: { certificateSha256: as().sha256 } })
  })
})
