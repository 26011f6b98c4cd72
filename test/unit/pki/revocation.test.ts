import { X509Certificate } from 'node:crypto'
import fc from 'fast-check'
import { readCrl, readSignedCrl } from '../../../src/pki/crl.ts'
import { DerMalformed } from '../../../src/pki/der.ts'
import { PkiRejected } from '../../../src/pki/pki-rejected.ts'
import type { TrustStore } from '../../../src/pki/trust-store.ts'
import { type Authority, createAuthority, createCertificateKey, type Issued } from '../../support/certificate-authority.ts'
import { largeCrl } from '../../support/large-crl.ts'
import { presenting, type TrustContent, trustStoreOf } from '../../support/trust-files.ts'

const hour = 3_600_000
const day = 24 * hour
const now = Date.now()
const fqdn = 'consumer.thirdparty.nhs.uk'

let root: Authority
let sub: Authority
let leaf: Issued
let revoked: Issued
let rootCrl: string

beforeAll(async () => {
  root = await createAuthority({ name: 'Root' })
  sub = await createAuthority({ name: 'Sub', parent: root })
  leaf = await sub.issue({ cn: fqdn })
  revoked = await sub.issue({ cn: fqdn })
  sub.revoke(revoked.serial, Date.UTC(2026, 2, 1))
  rootCrl = await root.crl()
})

function storeWith(crls: TrustContent['crls'], rest: Partial<TrustContent> = {}): Promise<TrustStore> {
  return trustStoreOf({ anchors: [root.certificatePem], intermediates: [sub.certificatePem], crls: crls ?? [], ...rest })
}

async function problemsOf(loading: Promise<TrustStore>): Promise<string> {
  const error: unknown = await loading.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof PkiRejected)) throw new Error(`it was not rejected with PkiRejected: ${String(error)}`)
  return error.problems.join('\n')
}

function bad(reason: string | RegExp): object {
  return { kind: 'bad', reason: expect.stringMatching(reason) }
}

describe('a revoked certificate', () => {
  test('is refused with date and serial, one that is not on the list is not', async () => {
    const store = await storeWith([rootCrl, await sub.crl()])
    const serial = new X509Certificate(revoked.certificatePem).serialNumber
    expect(store.judge(presenting(revoked), now)).toMatchObject(bad(`^revoked on 2026-03-01T00:00:00Z, serial ${serial}$`))
    expect(store.judge(presenting(leaf), now).kind).toBe('good')
    expect(store.judge(presenting(revoked), now, 'server').kind).toBe('bad')
  })

  test('is refused also when its list is dated in the future or stale: what is revoked stays so', async () => {
    const store = await storeWith([rootCrl, await sub.crl({ thisUpdate: now + day, nextUpdate: now + 2 * day })])
    expect(store.judge(presenting(revoked), now)).toMatchObject(bad('^revoked'))
    expect(store.judge(presenting(leaf), now).kind).toBe('good')
    expect(store.judge(presenting(revoked), now + 90 * day)).toMatchObject(bad('^revoked'))
  })

  test('drags down what it issued, where it is an authority', async () => {
    const fallen = await createAuthority({ name: 'Fallen', parent: root })
    root.revoke(fallen.serial)
    const store = await trustStoreOf({
      anchors: [root.certificatePem],
      intermediates: [fallen.certificatePem],
      crls: [await root.crl({ number: 2 }), await fallen.crl()],
    })
    expect(store.judge(presenting(await fallen.issue({ cn: fqdn })), now)).toMatchObject(bad('^its issuer was revoked on .*CN=Fallen'))
  })

  test('is known by issuer and serial together: the same serial of another issuer is not revoked', async () => {
    const other = await createAuthority({ name: 'Other', parent: root })
    const namesake = await other.issue({ cn: fqdn, serial: revoked.serial })
    const store = await storeWith([rootCrl, await sub.crl(), await other.crl()], {
      intermediates: [sub.certificatePem, other.certificatePem],
    })
    expect(store.judge(presenting(namesake), now).kind).toBe('good')
  })
})

describe('T8: a list that is due to be replaced', () => {
  test('counts during the grace and refuses everybody afterwards', async () => {
    const crl = await sub.crl({ nextUpdate: now + hour })
    const store = await storeWith([rootCrl, crl], { crlGraceSeconds: 3_600 })
    const due = (store.crls.find(({ issuer }) => issuer.includes('Sub'))?.nextUpdate ?? 0) + hour
    expect(store.judge(presenting(leaf), due).kind).toBe('good')
    expect(store.judge(presenting(leaf), due + 1)).toMatchObject(
      bad('^revocation unknown: the revocation list of O=nhs, OU=CA, CN=Sub was due'),
    )
  })

  test('refuses at once where there is no grace', async () => {
    const store = await storeWith([rootCrl, await sub.crl({ nextUpdate: now - 10_000 })], { crlGraceSeconds: 0 })
    expect(store.judge(presenting(leaf), now)).toMatchObject(bad('^revocation unknown'))
  })

  test('refuses also when it is the list of the root', async () => {
    const store = await storeWith([await root.crl({ nextUpdate: now - 2 * day }), await sub.crl()])
    expect(store.judge(presenting(leaf), now)).toMatchObject(bad('^revocation unknown: .*CN=Root'))
  })
})

describe('an issuer without a list', () => {
  test('refuses everybody where lists are configured, and the store warns of it', async () => {
    const store = await storeWith([rootCrl])
    expect(store.judge(presenting(leaf), now)).toMatchObject(bad('^revocation unknown: there is no revocation list of .*CN=Sub'))
    expect(store.warnings).toEqual([expect.stringContaining('CN=Sub')])
  })

  test('is let pass where the settings say so, and where no list is configured at all', async () => {
    expect((await storeWith([rootCrl], { requireCrl: false })).judge(presenting(leaf), now).kind).toBe('good')
    expect((await storeWith([])).judge(presenting(leaf), now).kind).toBe('good')
    expect((await storeWith([])).warnings).toEqual([])
  })

  test('cannot be required where no list is configured', async () => {
    expect(await problemsOf(storeWith([], { requireCrl: true }))).toContain('trust.requireCrl')
  })
})

describe('a list that does not hold is refused at load', () => {
  test('signed by another key', async () => {
    const crl = await sub.crl({ signWith: await createCertificateKey('ec') })
    expect(await problemsOf(storeWith([rootCrl, crl]))).toMatch(/crl-1: the signature of the revocation list is not that of .*CN=Sub/)
  })

  test('signed by an authority of another name, known or not', async () => {
    expect(await problemsOf(storeWith([await sub.crl({ signWith: root.key })]))).toMatch(/is not that of/)
    const stranger = await createAuthority({ name: 'Stranger' })
    expect(await problemsOf(storeWith([await stranger.crl()]))).toMatch(/neither among the anchors nor the intermediates/)
  })

  test('signed by an impostor with the same name', async () => {
    const impostor = await createAuthority({ name: 'Sub' })
    expect(await problemsOf(storeWith([await impostor.crl()]))).toMatch(/is not that of/)
  })

  test.each([
    ['with an unknown critical extension', { criticalExtension: true }, /critical extension 1\.3\.6\.1\.4\.1\.99999\.1 is not understood/],
    ['indirect', { indirect: true }, /indirect/],
    ['for end entities only', { onlyUserCertificates: true }, /covers only part/],
    ['only of changes', { delta: true }, /delta CRL/],
    ['without nextUpdate', { nextUpdate: null }, /no nextUpdate/],
  ])('%s', async (_what, options, problem) => {
    expect(await problemsOf(storeWith([rootCrl, await sub.crl(options)]))).toMatch(problem)
  })
})

describe('O8: a list older than the one in force', () => {
  test('is refused by its number', async () => {
    const previous = await storeWith([rootCrl, await sub.crl({ number: 7 })])
    const older = sub.crl({ number: 6, thisUpdate: now })
    expect(await problemsOf(storeWith([rootCrl, await older], { previous }))).toMatch(
      /CN=Sub \(number 6, made .*\) is older than the one in force \(number 7/,
    )
  })

  test('is refused by its date, also where neither has a number', async () => {
    const previous = await storeWith([rootCrl, await sub.crl({ number: null, thisUpdate: now - hour })])
    const older = await sub.crl({ number: null, thisUpdate: now - 2 * hour })
    expect(await problemsOf(storeWith([rootCrl, older], { previous }))).toMatch(/is older than/)
    expect(await problemsOf(storeWith([rootCrl, await sub.crl({ number: 9, thisUpdate: now - 2 * hour })], { previous }))).toMatch(
      /is older than/,
    )
  })

  test('is no matter where the same or a newer one comes', async () => {
    const crl = await sub.crl({ number: 7 })
    const previous = await storeWith([rootCrl, crl])
    const same = await storeWith([rootCrl, crl], { previous })
    const newer = await storeWith([rootCrl, await sub.crl({ number: 8 })], { previous: same })
    expect(newer.crls.find(({ issuer }) => issuer.includes('Sub'))).toMatchObject({ number: '8', entries: 1 })
  })

  test('does not count beside a newer one in the same settings', async () => {
    const [older, newer] = [await sub.crl({ number: 3 }), await sub.crl({ number: 4 })]
    for (const crls of [
      [older, newer],
      [newer, older],
    ]) {
      expect((await storeWith([rootCrl, ...crls])).crls.map(({ number }) => number)).toEqual(['1', '4'])
    }
  })
})

describe('a list', () => {
  test('with fifty thousand entries, as many as a national authority has, is read whole', async () => {
    const victim = await sub.issue({ cn: fqdn, serial: '40000005' })
    const crls = [rootCrl, largeCrl(sub, 0x40000000, 50_000)]
    const store = await storeWith(crls)
    expect(store.crls[1]?.entries).toBe(50_000)
    expect(store.judge(presenting(victim), now)).toMatchObject(bad('^revoked on 2026-01-01'))
  })

  test('may be DER, and several may stand in one file', async () => {
    const der = Buffer.from((await sub.crl()).replace(/-----[^-]+-----|\s/g, ''), 'base64')
    expect((await storeWith([rootCrl, der])).crls).toHaveLength(2)
    expect((await storeWith([rootCrl + (await sub.crl())])).crls).toHaveLength(2)
  })

  test('with bytes changed throws nothing but DerMalformed', async () => {
    const der = Buffer.from((await sub.crl()).replace(/-----[^-]+-----|\s/g, ''), 'base64')
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { maxLength: 4 }), fc.nat(der.length), (changes, length) => {
        const bytes = Buffer.from(der)
        for (const [at, byte] of changes) bytes[at] = byte
        for (const hostile of [bytes, bytes.subarray(0, length)]) {
          try {
            readCrl(readSignedCrl(hostile))
          } catch (error) {
            if (!(error instanceof DerMalformed)) throw error
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

test.each([true, false])(
  'a cross-certificate that writes the name of the same key otherwise is no way around its list (requireCrl: %s)',
  async (requireCrl) => {
    const cross = await createAuthority({ name: 'SUB', parent: root, key: sub.key })
    const store = await storeWith([rootCrl, await sub.crl()], { requireCrl })
    expect(store.judge(presenting(revoked, cross), now)).toMatchObject({
      kind: 'bad',
      reason: expect.stringMatching(/^revoked on 2026-03-01/),
    })
    const alone = await trustStoreOf({ anchors: [root.certificatePem], crls: [rootCrl], requireCrl: false })
    expect(alone.judge(presenting(leaf, cross), now).kind).toBe('good')
  },
)
