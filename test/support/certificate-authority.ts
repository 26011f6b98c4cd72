import {
  type Authority,
  type AuthorityOptions,
  createAuthority as createAnyAuthority,
  type Issued,
  type IssueOptions,
} from '../../certs-dev/authority.ts'
import { type CertificateKey, createCertificateKey } from '../../certs-dev/certificate-key.ts'

export type { Authority, AuthorityOptions, Issued, IssueOptions } from '../../certs-dev/authority.ts'
export { extension } from '../../certs-dev/certificate-extensions.ts'
export { type CertificateKey, createCertificateKey, type KeyType } from '../../certs-dev/certificate-key.ts'
export type { CrlOptions } from '../../certs-dev/certificate-revocation-list.ts'

const sharedKeys = 3
const rsaKeys: Promise<CertificateKey>[] = []
let taken = 0

/**
 * As the development authority, but fast: authorities have a fresh EC key each, issued certificates take turns with three
 * RSA keys made once per process. A test that minds two certificates sharing a key passes `key` or `keyType: 'ec'`.
 */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const authority = await createAnyAuthority({ keyType: 'ec', ...options })
  const issue = async (request: IssueOptions): Promise<Issued> => {
    if (request.key !== undefined) return authority.issue(request)
    return authority.issue({ ...request, key: request.keyType === 'ec' ? await createCertificateKey('ec') : await nextSharedKey() })
  }
  return { ...authority, issue }
}

function nextSharedKey(): Promise<CertificateKey> {
  const turn = taken++ % sharedKeys
  rsaKeys[turn] ??= createCertificateKey('rsa')
  return rsaKeys[turn]
}

/** An RSA key of 1,024 bits, which nobody should believe. */
export async function createShortKey(): Promise<CertificateKey> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }
  const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return { type: 'rsa', privateKey, publicKey, keyPem: '' }
}
