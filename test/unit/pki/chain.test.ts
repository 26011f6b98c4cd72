import { X509Certificate } from 'node:crypto'
import type { CertificateVerdict } from '../../../src/spine/arrival.ts'
import { type Authority, createAuthority, createCertificateKey, type Issued } from '../../support/certificate-authority.ts'
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

  test('T19: thousands of look-alike issuers cost bounded time', async () => {
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

  test('T19: a certificate for very many names is refused', async () => {
    const dnsNames = Array.from({ length: 101 }, (_, index) => `n${index}.nhs.uk`)
    expect(await judged(await sub.issue({ cn: fqdn, dnsNames }), sub)).toMatchObject(bad('bears 101 names'))
  })
})
