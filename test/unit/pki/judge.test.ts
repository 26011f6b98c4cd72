import { createHash, X509Certificate } from 'node:crypto'
import type { CertificateVerdict } from '../../../src/spine/arrival.ts'
import { type Authority, createAuthority, createCertificateKey, extension, type Issued } from '../../support/certificate-authority.ts'
import { presenting, trustStoreOf } from '../../support/trust-files.ts'

const day = 86_400_000
const now = Date.now()
const fqdn = 'consumer.thirdparty.nhs.uk'

let root: Authority
let sub: Authority
let leaf: Issued

beforeAll(async () => {
  root = await createAuthority({ name: 'Root' })
  sub = await createAuthority({ name: 'Sub', parent: root, pathLength: 0 })
  leaf = await sub.issue({ cn: fqdn })
})

function bad(reason: string | RegExp): object {
  return { kind: 'bad', reason: expect.stringMatching(reason) }
}

async function judged(issued: Issued, ...issuers: readonly Issued[]): Promise<CertificateVerdict> {
  const store = await trustStoreOf({ anchors: [root.certificatePem] })
  return store.judge(presenting(issued, ...issuers), now)
}

describe('a good certificate', () => {
  test('is told with its fingerprints, subject, names and end', async () => {
    const x509 = new X509Certificate(leaf.certificatePem)
    const key = x509.publicKey.export({ type: 'spki', format: 'der' })
    expect(await judged(leaf, sub)).toEqual({
      kind: 'good',
      certificate: {
        sha256: createHash('sha256').update(x509.raw).digest('hex'),
        publicKeySha256: createHash('sha256').update(key).digest('hex'),
        subject: `O=nhs, OU=Devices, CN=${fqdn}`,
        names: [fqdn],
        notAfter: x509.validToDate.getTime(),
      },
    })
  })

  test('gives the same verdict object each time it is judged', async () => {
    const store = await trustStoreOf({ anchors: [root.certificatePem] })
    const presented = presenting(leaf, sub)
    const first = store.judge(presented, now)
    expect(store.judge(presented, now + 1)).toBe(first)
    expect(store.judge(presenting(leaf, sub), now)).toBe(first)
  })

  test('is judged in well under two microseconds once it is known', async () => {
    const store = await trustStoreOf({ anchors: [root.certificatePem] })
    const presented = presenting(leaf, sub)
    for (let turn = 0; turn < 20_000; turn++) store.judge(presented, now)
    const started = performance.now()
    for (let turn = 0; turn < 100_000; turn++) store.judge(presented, now)
    expect((performance.now() - started) / 100).toBeLessThan(2)
  })

  test('chains through a configured intermediate as well as one that was sent, in any order and among others', async () => {
    const store = await trustStoreOf({ anchors: [root.certificatePem], intermediates: [sub.certificatePem] })
    expect(store.judge(presenting(leaf), now).kind).toBe('good')
    const stranger = await createAuthority({ name: 'Stranger' })
    expect((await judged(leaf, stranger, leaf, root, sub)).kind).toBe('good')
  })

  test('may have RSA or EC keys all the way', async () => {
    for (const keyType of ['rsa', 'ec'] as const) {
      const top = await createAuthority({ name: 'Top', keyType })
      const below = await createAuthority({ name: 'Below', keyType, parent: top })
      const store = await trustStoreOf({ anchors: [top.certificatePem] })
      expect(store.judge(presenting(await below.issue({ cn: fqdn, keyType }), below), now).kind).toBe('good')
    }
  })
})

describe('T10: the right name from another authority', () => {
  test('is refused where the authority is unknown', async () => {
    const stranger = await createAuthority({ name: 'Stranger' })
    const reason = /^issued by an authority that is not among the anchors.*CN=Stranger/
    expect(await judged(await stranger.issue({ cn: fqdn }))).toMatchObject(bad(reason))
    expect(await judged(await stranger.issue({ cn: fqdn }), stranger)).toMatchObject(bad(reason))
  })

  test('is refused where the authority has the name of ours and another key', async () => {
    const impostor = await createAuthority({ name: 'Root' })
    const forged = await impostor.issue({ cn: fqdn, extensions: [] })
    expect(await judged(forged, impostor)).toMatchObject(bad(/not among the anchors|was not made by the authority/))
    const below = await createAuthority({ name: 'Sub', parent: impostor })
    expect(await judged(await below.issue({ cn: fqdn }), below, sub, root)).toMatchObject(
      bad(/not among the anchors|was not made by the authority/),
    )
  })

  test('is refused where the signature is spoilt', async () => {
    const raw = Buffer.from(leaf.certificate.raw)
    raw.writeUInt8(raw.readUInt8(raw.length - 1) ^ 1, raw.length - 1)
    const store = await trustStoreOf({ anchors: [root.certificatePem], intermediates: [sub.certificatePem] })
    expect(store.judge({ leaf: new X509Certificate(raw), presentedIssuers: [] }, now)).toMatchObject(
      bad('was not made by the authority that it names'),
    )
  })

  test('is refused where it is self-signed', async () => {
    const alone = await createAuthority({ name: fqdn, isCa: false, usages: ['clientAuth'] })
    expect(await judged(alone)).toMatchObject(bad('^self-signed'))
  })

  test('says that the intermediate is missing where it was it sent no intermediate', async () => {
    expect(await judged(leaf)).toMatchObject(bad('it sent no intermediate.: O=nhs, OU=CA, CN=Sub'))
  })
})

describe('T12: what the certificates say they are for', () => {
  test('the extended key usage must have clientAuth: not only serverAuth, not anything, not nothing', async () => {
    for (const usages of [['serverAuth'], ['2.5.29.37.0'], []] as const) {
      expect(await judged(await sub.issue({ cn: fqdn, usages }), sub)).toMatchObject(bad('the extended key usage lacks clientAuth'))
    }
    expect((await judged(await sub.issue({ cn: fqdn, usages: ['clientAuth'] }), sub)).kind).toBe('good')
  })

  test('a provider needs serverAuth instead', async () => {
    const store = await trustStoreOf({ anchors: [root.certificatePem] })
    const server = presenting(await sub.issue({ cn: fqdn, usages: ['serverAuth'] }), sub)
    const client = presenting(await sub.issue({ cn: fqdn, usages: ['clientAuth'] }), sub)
    expect(store.judge(server, now, 'server').kind).toBe('good')
    expect(store.judge(server, now)).toMatchObject(bad('lacks clientAuth'))
    expect(store.judge(client, now, 'server')).toMatchObject(bad('lacks serverAuth'))
    expect(store.judge(client, now, 'client').kind).toBe('good')
  })

  test("an authority's certificate is no device's", async () => {
    expect(await judged(await sub.issue({ cn: fqdn, isCa: true }), sub)).toMatchObject(bad("an authority's certificate"))
    expect((await judged(root)).kind).toBe('bad')
  })

  test('a certificate that is no authority issues nothing', async () => {
    const device = await createAuthority({ name: 'Device', parent: root, isCa: false })
    expect((await judged(await device.issue({ cn: fqdn }), device)).kind).toBe('bad')
  })

  test('an authority confined to other purposes issues nothing for this one', async () => {
    const confined = await createAuthority({ name: 'Mail only', parent: root, usages: ['1.3.6.1.5.5.7.3.4'] })
    expect(await judged(await confined.issue({ cn: fqdn }), confined)).toMatchObject(bad('may not issue for this purpose'))
    const unconfined = await createAuthority({ name: 'Any', parent: root, usages: ['2.5.29.37.0'] })
    expect((await judged(await unconfined.issue({ cn: fqdn }), unconfined)).kind).toBe('good')
  })

  test('no more authorities below one than its path length', async () => {
    const second = await createAuthority({ name: 'Second', parent: sub })
    expect(await judged(await second.issue({ cn: fqdn }), second, sub)).toMatchObject(bad(/path length 0/))
    const roomy = await createAuthority({ name: 'Roomy', parent: root, pathLength: 1 })
    const below = await createAuthority({ name: 'Below', parent: roomy })
    expect((await judged(await below.issue({ cn: fqdn }), below, roomy)).kind).toBe('good')
  })

  test('a critical extension that nobody knows is refused, one that is not critical is not', async () => {
    const unknown = (critical: boolean) => extension('1.3.6.1.4.1.99999.7', critical, new Uint8Array([5, 0]).buffer)
    expect(await judged(await sub.issue({ cn: fqdn, extensions: [unknown(true)] }), sub)).toMatchObject(bad('99999.7 is not understood'))
    expect((await judged(await sub.issue({ cn: fqdn, extensions: [unknown(false)] }), sub)).kind).toBe('good')
  })

  test('an extension that comes twice cannot be read', async () => {
    const again = extension('2.5.29.37', false, new Uint8Array([0x30, 0]).buffer)
    expect((await judged(await sub.issue({ cn: fqdn, extensions: [again] }), sub)).kind).toBe('bad')
  })
})

describe('T13: dates', () => {
  test('an expired certificate and one not yet valid are refused, with the date', async () => {
    const expired = await sub.issue({ cn: fqdn, notBefore: now - 9 * day, notAfter: Date.UTC(2026, 0, 2) })
    expect(await judged(expired, sub)).toMatchObject(bad('^certificate expired on 2026-01-02T00:00:00Z$'))
    const early = await sub.issue({ cn: fqdn, notBefore: now + day })
    expect(await judged(early, sub)).toMatchObject(bad('^certificate is not valid before '))
  })

  test('a certificate that expires while a connection is open is refused from the next request on', async () => {
    const end = Math.floor(now / 1000) * 1000 + 60_000
    const store = await trustStoreOf({ anchors: [root.certificatePem] })
    const presented = presenting(await sub.issue({ cn: fqdn, notAfter: end }), sub)
    expect(store.judge(presented, end).kind).toBe('good')
    expect(store.judge(presented, end + 1)).toMatchObject(bad('certificate expired'))
    expect(store.judge(presented, end - 10 * day)).toMatchObject(bad('not valid before'))
    expect(store.judge(presented, end).kind).toBe('good')
  })

  test('an expired authority is refused with its name', async () => {
    const old = await createAuthority({ name: 'Old', parent: root, notBefore: now - 9 * day, notAfter: now - day })
    expect(await judged(await old.issue({ cn: fqdn }), old)).toMatchObject(bad("its issuer's certificate expired on .*CN=Old"))
    const oldRoot = await createAuthority({ name: 'Old Root', notBefore: now - 9 * day, notAfter: now - day })
    const store = await trustStoreOf({ anchors: [oldRoot.certificatePem] })
    expect(store.judge(presenting(await oldRoot.issue({ cn: fqdn })), now)).toMatchObject(
      bad("its issuer's certificate expired on .*CN=Old Root"),
    )
  })

  test('a moment that is no number is never good', async () => {
    const store = await trustStoreOf({ anchors: [root.certificatePem] })
    expect(store.judge(presenting(leaf, sub), Number.NaN).kind).toBe('bad')
  })
})

describe('several chains', () => {
  test('a good one counts where another is expired: an authority that was certified again', async () => {
    const key = await createCertificateKey('ec')
    const old = await createAuthority({ name: 'Twice', parent: root, key, notBefore: now - 9 * day, notAfter: now - day })
    const renewed = await createAuthority({ name: 'Twice', parent: root, key })
    const device = await renewed.issue({ cn: fqdn })
    expect((await judged(device, old, renewed)).kind).toBe('good')
    expect((await judged(device, renewed, old)).kind).toBe('good')
    expect(await judged(device, old)).toMatchObject(bad("its issuer's certificate expired"))
  })

  test('authorities that certify each other end the search', async () => {
    const [oneKey, twoKey] = [await createCertificateKey('ec'), await createCertificateKey('ec')]
    const one = await createAuthority({ name: 'One', key: oneKey })
    const two = await createAuthority({ name: 'Two', key: twoKey })
    const oneByTwo = await createAuthority({ name: 'One', key: oneKey, parent: two })
    const twoByOne = await createAuthority({ name: 'Two', key: twoKey, parent: one })
    expect(await judged(await one.issue({ cn: fqdn }), oneByTwo, twoByOne)).toMatchObject(bad('not among the anchors'))
  })

  test('thousands of look-alike issuers cost bounded time (T19)', async () => {
    const key = await createCertificateKey('ec')
    const stranger = await createAuthority({ name: 'Stranger', key })
    const alike = await Promise.all(Array.from({ length: 20 }, () => createAuthority({ name: 'Stranger', key, parent: stranger })))
    const many = Array.from({ length: 3_000 }, (_, index) => alike[index % alike.length] as Issued)
    const device = await stranger.issue({ cn: fqdn })
    const store = await trustStoreOf({ anchors: [root.certificatePem] })
    const presented = presenting(device, ...many)
    const started = performance.now()
    expect(store.judge(presented, now).kind).toBe('bad')
    expect(performance.now() - started).toBeLessThan(500)
  })

  test('a certificate for very many names is refused (T19)', async () => {
    const dnsNames = Array.from({ length: 101 }, (_, index) => `n${index}.nhs.uk`)
    expect(await judged(await sub.issue({ cn: fqdn, dnsNames }), sub)).toMatchObject(bad('bears 101 names'))
  })
})

describe('T14: certificates of one party', () => {
  test('two for one key are told apart by their fingerprints, and share the one of the key', async () => {
    const key = await createCertificateKey('ec')
    const [one, two] = [await judged(await sub.issue({ cn: fqdn, key }), sub), await judged(await sub.issue({ cn: fqdn, key }), sub)]
    if (one.kind !== 'good' || two.kind !== 'good') throw new Error('neither is bad')
    expect(one.certificate.publicKeySha256).toBe(two.certificate.publicKeySha256)
    expect(one.certificate.sha256).not.toBe(two.certificate.sha256)
  })
})

describe('what OpenSSL found', () => {
  test('does not count where it is decided here: chain, dates, revocation', async () => {
    const store = await trustStoreOf({ anchors: [root.certificatePem] })
    for (const opensslError of ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_HAS_EXPIRED', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE']) {
      expect(store.judge({ ...presenting(leaf, sub), opensslError }, now).kind).toBe('good')
    }
  })

  test('counts where it is anything else', async () => {
    const store = await trustStoreOf({ anchors: [root.certificatePem] })
    for (const opensslError of ['UNSPECIFIED', 'INVALID_PURPOSE', 'CERT_SIGNATURE_FAILURE', 'of tomorrow']) {
      expect(store.judge({ ...presenting(leaf, sub), opensslError }, now)).toMatchObject(bad(`^refused by OpenSSL: ${opensslError}$`))
    }
    expect(store.judge(presenting(leaf, sub), now).kind).toBe('good')
  })
})
