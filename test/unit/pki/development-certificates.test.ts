import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAuthority } from '../../../certs-dev/authority.ts'
import { ensureDevelopmentCertificates } from '../../../certs-dev/development-certificates.ts'
import { loadTrustStore } from '../../../src/pki/load-trust-store.ts'
import { pkiSettings } from '../../../src/pki/pki-settings.ts'
import type { PresentedCertificate } from '../../../src/pki/presented.ts'
import type { TrustStore } from '../../../src/pki/trust-store.ts'

let folder: string
let store: TrustStore

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'certificates-'))
  expect(await ensureDevelopmentCertificates(folder)).toEqual({ made: true })
  store = await loadTrustStore(pkiSettings.parse({ anchors: ['ca.pem'], intermediates: ['intermediate.pem'], crls: ['crl.pem'] }), folder)
})

async function presented(name: string): Promise<PresentedCertificate> {
  const blocks = (await readFile(join(folder, `${name}.pem`), 'utf8')).split(/(?<=-----END CERTIFICATE-----\n)/)
  const [leaf, ...presentedIssuers] = blocks.map((block) => new X509Certificate(block))
  return { leaf: leaf as X509Certificate, presentedIssuers }
}

test.each([
  ['consumer', 'consumer.thirdparty.nhs.uk'],
  ['provider', 'provider.thirdparty.nhs.uk'],
  ['ssp-client', 'proxy.dev.spine2.ncrs.nhs.uk'],
  ['bad-fqdn', 'stranger.thirdparty.nhs.uk'],
])('the certificate %s has a good chain and is known as %s', async (name, fqdn) => {
  expect(store.judge(await presented(name), Date.now())).toMatchObject({ kind: 'good', certificate: { names: [fqdn] } })
})

test("the proxy's own is a server's, for its name and for this machine", async () => {
  const own = await presented('ssp')
  expect(store.judge(own, Date.now(), 'server').kind).toBe('good')
  for (const host of ['proxy.dev.spine2.ncrs.nhs.uk', 'localhost']) expect(own.leaf.checkHost(host)).toBe(host)
  for (const address of ['127.0.0.1', '::1']) expect(own.leaf.checkIP(address)).toBe(address)
})

test.each([
  ['bad-authority', /not among the anchors .*CN=Somebody Else/],
  ['bad-expired', /^certificate expired on /],
  ['bad-revoked', /^revoked on .*, serial [0-9A-F]+$/],
  ['bad-eku', /lacks clientAuth/],
  ['operator', /not among the anchors/],
])('the certificate %s is refused for its own reason', async (name, reason) => {
  expect(store.judge(await presented(name), Date.now())).toMatchObject({ kind: 'bad', reason: expect.stringMatching(reason) })
})

test("the operator is good below the operators' own anchor", async () => {
  const operators = await loadTrustStore(pkiSettings.parse({ anchors: ['operators-ca.pem'] }), folder)
  expect(operators.judge(await presented('operator'), Date.now()).kind).toBe('good')
  expect(operators.judge(await presented('consumer'), Date.now()).kind).toBe('bad')
})

const pkcs8 = 'PRIVATE KEY'

test('each file has its key, which only its owner may read', async () => {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.key'))
  expect(names).toHaveLength(13)
  for (const name of names) {
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600)
    const text = await readFile(join(folder, name), 'utf8')
    expect(createPrivateKey(text).type).toBe('private')
    // PKCS #8, unencrypted, by its label (RFC 7468, 10).
    expect(text.split('\n')[0]).toBe(`-----BEGIN ${pkcs8}-----`)
  }
})

test('a complete set is left alone, an incomplete or mixed one made anew', async () => {
  const own = await mkdtemp(join(tmpdir(), 'certificates-'))
  const ensure = (): Promise<{ readonly made: boolean }> => ensureDevelopmentCertificates(own, { keyType: 'ec' })
  expect(await ensure()).toEqual({ made: true })
  expect(await ensure()).toEqual({ made: false })
  await rm(join(own, 'consumer.key'))
  expect(await ensure()).toEqual({ made: true })
  await writeFile(join(own, 'provider.pem'), await readFile(join(folder, 'provider.pem')))
  await writeFile(join(own, 'provider.key'), await readFile(join(folder, 'provider.key')))
  expect(await ensure()).toEqual({ made: true })
  expect(await ensureDevelopmentCertificates(own, { force: true, keyType: 'ec' })).toEqual({ made: true })
})

test('of several runs at once one makes the set, and nothing is left beside it', async () => {
  const own = await mkdtemp(join(tmpdir(), 'certificates-'))
  const runs = await Promise.all(Array.from({ length: 4 }, () => ensureDevelopmentCertificates(own, { keyType: 'ec' })))
  expect(runs.filter(({ made }) => made)).toHaveLength(1)
  expect((await readdir(own)).filter((name) => name.startsWith('.'))).toEqual([])
})

test('an abandoned lock holds nobody up', async () => {
  const own = await mkdtemp(join(tmpdir(), 'certificates-'))
  await writeFile(join(own, '.lock'), '999999999')
  expect(await ensureDevelopmentCertificates(own, { keyType: 'ec' })).toEqual({ made: true })
})

test('the kept authority issues more', async () => {
  const read = (name: string): Promise<string> => readFile(join(folder, name), 'utf8')
  const root = await openAuthority({ certificatePem: await read('ca.pem'), keyPem: await read('ca.key') })
  const intermediate = await openAuthority({
    certificatePem: await read('intermediate.pem'),
    keyPem: await read('intermediate.key'),
    parent: root,
  })
  const { certificate } = await intermediate.issue({ cn: 'second.thirdparty.nhs.uk' })
  expect(store.judge({ leaf: certificate, presentedIssuers: [] }, Date.now()).kind).toBe('good')
})
