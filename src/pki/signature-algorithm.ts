import { constants, type KeyObject, verify } from 'node:crypto'

/**
 * The accepted algorithms of certificates and CRLs by object identifier. Those with MD5 or SHA-1 are absent, their signatures can be
 * forged; so is RSASSA-PSS, whose digest stands in its parameters and may be SHA-1.
 */
const accepted: ReadonlyMap<string, { readonly digest: string | null; readonly key: readonly string[] }> = new Map([
  ['1.2.840.113549.1.1.11', { digest: 'sha256', key: ['rsa'] }],
  ['1.2.840.113549.1.1.12', { digest: 'sha384', key: ['rsa'] }],
  ['1.2.840.113549.1.1.13', { digest: 'sha512', key: ['rsa'] }],
  ['1.2.840.10045.4.3.2', { digest: 'sha256', key: ['ec'] }],
  ['1.2.840.10045.4.3.3', { digest: 'sha384', key: ['ec'] }],
  ['1.2.840.10045.4.3.4', { digest: 'sha512', key: ['ec'] }],
  ['1.3.101.112', { digest: null, key: ['ed25519'] }],
  ['1.3.101.113', { digest: null, key: ['ed448'] }],
])

/** The fewest bits that an RSA key may have: what level 2 of OpenSSL asks, and the NHS's own minimum. */
export const leastRsaBits = 2048

/** Whether a certificate signed with this algorithm is believed. */
export function isAcceptedSignature(oid: string): boolean {
  return accepted.has(oid)
}

/** Whether a key is long enough to be believed. */
export function isStrongKey(key: KeyObject): boolean {
  return key.asymmetricKeyDetails?.modulusLength === undefined || key.asymmetricKeyDetails.modulusLength >= leastRsaBits
}

/** Verifies the signature of a CRL; false for an algorithm that is not accepted or does not go with the key. */
export function verifySignature(oid: string, signed: Buffer, key: KeyObject, signature: Buffer): boolean {
  const algorithm = accepted.get(oid)
  if (algorithm === undefined || !algorithm.key.includes(key.asymmetricKeyType ?? '')) return false
  try {
    return verify(algorithm.digest, signed, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
  } catch {
    return false // a signature that cannot even be one
  }
}
