import { createHash, X509Certificate } from 'node:crypto'
import type { CertificateVerdict } from '../../../src/spine/arrival.ts'
import {
  type Authority,
  createAuthority,
  createCertificateKey,
  createShortKey,
  extension,
  type Issued,
} from '../../support/certificate-authority.ts'
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

describe('weak cryptography', () => {
  test('a signature with SHA-1 is refused', async () => {
    expect(await judged(await sub.issue({ cn: fqdn, digest: 'SHA-1' }), sub)).toMatchObject(bad('algorithm that is not accepted'))
  })

  test('an RSA key of 1,024 bits is refused', async () => {
    expect(await judged(await sub.issue({ cn: fqdn, key: await createShortKey() }), sub)).toMatchObject(bad('too short'))
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
