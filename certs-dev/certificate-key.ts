import { createPrivateKey, createPublicKey, KeyObject, type webcrypto } from 'node:crypto'

/** `rsa` is RSA-2048, `ec` is ECDSA on P-256. */
export type KeyType = 'rsa' | 'ec'

/** A key pair to sign with or to certify. */
export interface CertificateKey {
  readonly type: KeyType
  readonly privateKey: webcrypto.CryptoKey
  readonly publicKey: webcrypto.CryptoKey
  /** The private key, PKCS#8 in PEM, unencrypted. */
  readonly keyPem: string
}

const algorithms = {
  rsa: { name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' },
  ec: { name: 'ECDSA', namedCurve: 'P-256' },
} as const

/** Makes a fresh key pair. RSA takes some tenths of a second, EC less than a millisecond. */
export async function createCertificateKey(type: KeyType): Promise<CertificateKey> {
  const pair = await crypto.subtle.generateKey(algorithms[type], true, ['sign', 'verify'])
  const keyPem = KeyObject.from(pair.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString()
  return { type, privateKey: pair.privateKey, publicKey: pair.publicKey, keyPem }
}

/** Takes up a key again from its PKCS#8 PEM. */
export async function openCertificateKey(keyPem: string): Promise<CertificateKey> {
  const secret = createPrivateKey(keyPem)
  const type = secret.asymmetricKeyType === 'rsa' ? 'rsa' : 'ec'
  const pkcs8 = new Uint8Array(secret.export({ type: 'pkcs8', format: 'der' }))
  const spki = new Uint8Array(createPublicKey(secret).export({ type: 'spki', format: 'der' }))
  return {
    type,
    privateKey: await crypto.subtle.importKey('pkcs8', pkcs8, algorithms[type], true, ['sign']),
    publicKey: await crypto.subtle.importKey('spki', spki, algorithms[type], true, ['verify']),
    keyPem,
  }
}
