import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Authority, createAuthority, type Issued, type IssueOptions } from './authority.ts'
import type { KeyType } from './certificate-key.ts'
import { withDirectoryLock } from './directory-lock.ts'

const day = 86_400_000
/** A set is made anew when something in it ends within this many ms. */
const renewBefore = 7 * day
const proxy = 'proxy.dev.spine2.ncrs.nhs.uk'
const consumer = 'consumer.thirdparty.nhs.uk'
const local = { dnsNames: [proxy, 'localhost'], ipAddresses: ['127.0.0.1', '::1'] }

/** What must be valid: names of files, each with `.pem` and `.key`. */
const holders = ['intermediate', 'ssp', 'ssp-client', 'consumer', 'provider', 'operator'] as const
/** What the proxy must refuse. */
const refused = ['bad-authority', 'bad-expired', 'bad-fqdn', 'bad-revoked', 'bad-eku'] as const
const crlFile = 'crl.pem'

/** What to make. */
export interface DevelopmentCertificatesOptions {
  /** Make a new set even where a good one exists. */
  readonly force?: boolean
  readonly keyType?: KeyType
}

/**
 * Sees to it that `directory` holds a complete development set with at least seven days to live, and makes a new one where
 * it does not. Two runs at once are safe: the second waits, and finds what the first made.
 */
export async function ensureDevelopmentCertificates(
  directory: string,
  options: DevelopmentCertificatesOptions = {},
): Promise<{ readonly made: boolean }> {
  if (!options.force && (await isComplete(directory))) return { made: false }
  await mkdir(directory, { recursive: true })
  return withDirectoryLock(directory, async () => {
    if (!options.force && (await isComplete(directory))) return { made: false }
    const making = await mkdtemp(join(directory, '.making-'))
    try {
      const files = await createSet(options.keyType ?? 'rsa')
      for (const [name, content] of files) await writeFile(join(making, name), content, { mode: name.endsWith('.key') ? 0o600 : 0o644 })
      for (const name of files.keys()) await rename(join(making, name), join(directory, name))
    } finally {
      await rm(making, { recursive: true, force: true })
    }
    return { made: true }
  })
}

/** Whether every file is there, belongs to the others, and lasts; a set that a crash left half renamed is not complete. */
async function isComplete(directory: string): Promise<boolean> {
  try {
    const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8')
    const root = new X509Certificate(await read('ca.pem'))
    const intermediate = new X509Certificate(await read('intermediate.pem'))
    const operators = new X509Certificate(await read('operators-ca.pem'))
    const until = Date.now() + renewBefore
    const lasts = (certificate: X509Certificate): boolean => Date.parse(certificate.validTo) > until
    if (!lasts(root) || !lasts(operators) || !root.checkPrivateKey(createPrivateKey(await read('ca.key')))) return false
    if ((await read(crlFile)).split('BEGIN X509 CRL').length !== 3) return false
    for (const name of holders) {
      const certificate = new X509Certificate(await read(`${name}.pem`))
      const issuer = name === 'operator' ? operators : name === 'intermediate' ? root : intermediate
      if (!lasts(certificate) || !certificate.verify(issuer.publicKey)) return false
      if (!certificate.checkPrivateKey(createPrivateKey(await read(`${name}.key`)))) return false
    }
    for (const name of refused) {
      const certificate = new X509Certificate(await read(`${name}.pem`))
      if (name !== 'bad-authority' && !certificate.verify(intermediate.publicKey)) return false
      if (!certificate.checkPrivateKey(createPrivateKey(await read(`${name}.key`)))) return false
    }
    return true
  } catch {
    return false // missing or unreadable: whatever it is, a new set mends it
  }
}

async function createSet(keyType: KeyType): Promise<ReadonlyMap<string, string>> {
  const root = await createAuthority({ name: 'Development Root Authority', keyType })
  const intermediate = await createAuthority({ name: 'Development Level 1', keyType, parent: root, pathLength: 0 })
  const operators = await createAuthority({ name: 'Development Operators Authority', keyType })
  const stranger = await createAuthority({ name: 'Somebody Else', keyType })
  const files = new Map<string, string>()
  keepAuthority(files, 'ca', root)
  keepAuthority(files, 'intermediate', intermediate)
  keepAuthority(files, 'operators-ca', operators)

  const issue = async (name: (typeof holders | typeof refused)[number], authority: Authority, options: IssueOptions): Promise<Issued> => {
    const issued = await authority.issue({ keyType, ...options })
    files.set(`${name}.pem`, issued.chainPem)
    files.set(`${name}.key`, issued.keyPem)
    return issued
  }
  await issue('ssp', intermediate, { cn: proxy, ...local, usages: ['serverAuth'] })
  await issue('ssp-client', intermediate, { cn: proxy })
  await issue('consumer', intermediate, { cn: consumer })
  await issue('provider', intermediate, { cn: 'provider.thirdparty.nhs.uk' })
  await issue('operator', operators, { cn: 'operator.dev.spine2.ncrs.nhs.uk', usages: ['clientAuth'] })
  await issue('bad-authority', stranger, { cn: consumer })
  await issue('bad-expired', intermediate, { cn: consumer, notBefore: Date.now() - 30 * day, notAfter: Date.now() - day })
  await issue('bad-fqdn', intermediate, { cn: 'stranger.thirdparty.nhs.uk' })
  await issue('bad-eku', intermediate, { cn: consumer, usages: ['serverAuth'] })
  const revoked = await issue('bad-revoked', intermediate, { cn: consumer })
  intermediate.revoke(revoked.serial)
  files.set(crlFile, (await root.crl()) + (await intermediate.crl()))
  return files
}

function keepAuthority(files: Map<string, string>, name: string, authority: Authority): void {
  files.set(`${name}.pem`, authority.certificatePem)
  files.set(`${name}.key`, authority.keyPem)
}
