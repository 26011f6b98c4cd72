import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import fc from 'fast-check'
import { expiries } from '../../../src/pki/expiries.ts'
import { loadTrustStore } from '../../../src/pki/load-trust-store.ts'
import { PkiRejected } from '../../../src/pki/pki-rejected.ts'
import { pkiSettings } from '../../../src/pki/pki-settings.ts'
import { type Authority, createAuthority, createShortKey } from '../../support/certificate-authority.ts'
import { presenting, trustStoreOf } from '../../support/trust-files.ts'

let root: Authority
let sub: Authority
let folder: string

beforeAll(async () => {
  root = await createAuthority({ name: 'Root' })
  sub = await createAuthority({ name: 'Sub', parent: root })
  folder = await mkdtemp(join(tmpdir(), 'trust-'))
  const files: readonly (readonly [string, string | Buffer])[] = [
    ['root.pem', root.certificatePem],
    ['root.der', root.certificate.raw],
    ['sub.pem', sub.certificatePem],
    ['leaf.pem', (await sub.issue({ cn: 'a.nhs.uk' })).certificatePem],
    ['root.crl', await root.crl()],
    ['empty.pem', ''],
    ['key.pem', root.keyPem],
    ['words.pem', 'no certificate at all\n'],
    ['open.pem', '-----BEGIN CERTIFICATE-----\nMIIB\n'],
    ['letters.pem', '-----BEGIN CERTIFICATE-----\nM!IB\n-----END CERTIFICATE-----\n'],
    ['hollow.pem', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'],
    ['cut.pem', root.certificatePem.replace(/\n.{64}\n/, '\n')],
    ['cut.crl', (await root.crl()).replace(/\n.{64}\n/, '\n')],
    ['secret.pem', root.certificatePem],
  ]
  for (const [name, content] of files) await writeFile(join(folder, name), content)
  await chmod(join(folder, 'secret.pem'), 0)
  await mkdir(join(folder, 'directory.pem'))
})

async function problemsOf(settings: object): Promise<readonly string[]> {
  const error: unknown = await loadTrustStore(pkiSettings.parse(settings), folder).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof PkiRejected)) throw new Error(`it was not rejected with PkiRejected: ${String(error)}`)
  expect(error.message).toContain(error.problems[0])
  return error.problems
}

describe('T7: a file that cannot be used', () => {
  test.each([
    ['missing', 'nowhere.pem', 'there is no such file'],
    ['empty', 'empty.pem', 'the file is empty'],
    ['a directory', 'directory.pem', 'this is a directory'],
    ['without a certificate', 'words.pem', 'holds no CERTIFICATE block'],
    ['a private key', 'key.pem', 'holds no CERTIFICATE block'],
    ['cut off', 'open.pem', 'has no end'],
    ['not base64', 'letters.pem', 'is not base64'],
    ['hollow', 'hollow.pem', 'is not base64'],
    ['no DER', 'cut.pem', 'cut.pem: '],
    ["a device's certificate", 'leaf.pem', "is no authority's certificate"],
    ['a revocation list', 'root.crl', 'holds no CERTIFICATE block'],
  ])('refuses the settings as anchor or intermediate when it is %s', async (_what, file, problem) => {
    expect(await problemsOf({ anchors: [file] })).toEqual([expect.stringContaining(`${join(folder, file)}: `)])
    expect(await problemsOf({ anchors: ['root.pem'], intermediates: [file] })).toEqual([expect.stringContaining(problem)])
  })

  test.each([
    ['missing', 'nowhere.crl', 'there is no such file'],
    ['empty', 'empty.pem', 'the file is empty'],
    ['a certificate', 'sub.pem', 'holds no X509 CRL block'],
    ['no DER', 'cut.crl', 'cut.crl: '],
  ])('refuses the settings as revocation list when it is %s', async (_what, file, problem) => {
    expect(await problemsOf({ anchors: ['root.pem'], crls: ['root.crl', file] })).toEqual([expect.stringContaining(problem)])
  })

  test('refuses the settings when it may not be read', async () => {
    // Root reads everything, whatever the mode: for a moment it is nobody.
    const isRoot = process.geteuid?.() === 0
    if (isRoot) process.seteuid?.(65_534)
    try {
      expect(await problemsOf({ anchors: ['secret.pem'] })).toEqual([expect.stringContaining('may not be read')])
    } finally {
      if (isRoot) process.seteuid?.(0)
    }
  })

  test('is told together with all the others', async () => {
    const problems = await problemsOf({ anchors: ['nowhere.pem', 'root.pem'], intermediates: ['empty.pem'], crls: ['words.pem'] })
    expect(problems).toHaveLength(3)
  })

  test('refuses an intermediate that leads to no anchor', async () => {
    const stranger = await createAuthority({ name: 'Stranger' })
    const loading = trustStoreOf({ anchors: [root.certificatePem], intermediates: [stranger.certificatePem] })
    await expect(loading).rejects.toThrow(/CN=Stranger was issued by none of the configured/)
  })

  test('refuses an authority whose key is too short', async () => {
    const weak = await createAuthority({ name: 'Weak', key: await createShortKey() })
    await expect(trustStoreOf({ anchors: [weak.certificatePem] })).rejects.toThrow(/the public key of .*CN=Weak is too short/)
  })

  test('is told as a problem whatever it holds, never as a crash', async () => {
    const piece = fc.oneof(
      fc.constantFrom(
        root.certificatePem,
        '-----BEGIN CERTIFICATE-----',
        '-----END CERTIFICATE-----',
        '-----BEGIN X509 CRL-----',
        '\n',
        'MIIB',
        '0\x82',
      ),
      fc.string({ unit: 'binary' }),
    )
    const content = fc.oneof(
      fc.array(piece, { maxLength: 6 }).map((pieces) => Buffer.from(pieces.join(''))),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    )
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        await writeFile(join(folder, 'random'), bytes)
        const settings = pkiSettings.parse({ anchors: ['random'], intermediates: ['random'], crls: ['random'] })
        await expect(loadTrustStore(settings, folder)).rejects.toThrow(PkiRejected)
      }),
    )
  })
})

describe('the settings', () => {
  test('need an anchor, know nothing beyond their own fields, and have the rest by default', () => {
    expect(() => pkiSettings.parse({ anchors: [] })).toThrow()
    expect(() => pkiSettings.parse({ anchors: ['root.pem'], unknown: 1 })).toThrow()
    expect(pkiSettings.parse({ anchors: ['root.pem'] })).toEqual({
      anchors: ['root.pem'],
      intermediates: [],
      crls: [],
      crlUrls: [],
      fetchFromAuthorities: false,
      crlGraceSeconds: 86_400,
      ocsp: { mode: 'off', timeoutSeconds: 3, cacheSeconds: 3_600, maxEntries: 10_000 },
    })
  })
})

describe('a trust store', () => {
  test('holds the configured authorities and nothing of the system', async () => {
    const store = await loadTrustStore(pkiSettings.parse({ anchors: ['root.pem', 'root.der'], intermediates: ['sub.pem'] }), folder)
    expect(store.anchorsPem).toEqual([root.certificate.toString()])
    expect(store.intermediatesPem).toEqual([sub.certificate.toString()])
    expect(store.anchorsPem.some((pem) => rootCertificates.includes(pem))).toBe(false)
    expect(store.certificates.map(({ subject }) => subject)).toEqual(['O=nhs, OU=CA, CN=Root', 'O=nhs, OU=CA, CN=Sub'])
  })

  test('has a version that follows from everything that decides', async () => {
    const load = async (settings: object): Promise<string> => (await loadTrustStore(pkiSettings.parse(settings), folder)).version
    const plain = await load({ anchors: ['root.pem'] })
    expect(plain).toMatch(/^[0-9a-f]{16}$/)
    expect(await load({ anchors: ['root.der'] })).toBe(plain)
    const others = [
      await load({ anchors: ['root.pem'], intermediates: ['sub.pem'] }),
      await load({ anchors: ['root.pem'], crls: ['root.crl'] }),
      await load({ anchors: ['root.pem'], crlGraceSeconds: 1 }),
    ]
    expect(new Set([plain, ...others]).size).toBe(4)
  })

  test('cannot be changed', async () => {
    const store = await loadTrustStore(pkiSettings.parse({ anchors: ['root.pem'] }), folder)
    expect(() => Object.assign(store, { version: 'other' })).toThrow(TypeError)
  })

  test('tells what ends in it, the soonest first', async () => {
    const store = await trustStoreOf({ anchors: [root.certificatePem], crls: [await root.crl({ nextUpdate: Date.UTC(2031, 0, 1) })] })
    expect(expiries(store)).toMatchObject([
      { kind: 'crl', subject: 'O=nhs, OU=CA, CN=Root', at: Date.UTC(2031, 0, 1) },
      { kind: 'certificate', subject: 'O=nhs, OU=CA, CN=Root', at: root.certificate.validToDate.getTime() },
    ])
  })

  test('of before a reload goes on judging by what it was loaded from', async () => {
    const other = await createAuthority({ name: 'Other' })
    const leaf = await root.issue({ cn: 'a.nhs.uk' })
    const before = await trustStoreOf({ anchors: [root.certificatePem] })
    const after = await trustStoreOf({ anchors: [other.certificatePem], previous: before })
    expect(before.judge(presenting(leaf), Date.now()).kind).toBe('good')
    expect(after.judge(presenting(leaf), Date.now()).kind).toBe('bad')
  })
})
