import { createCipheriv, createDecipheriv } from 'node:crypto'

const cipher = 'aes-256-gcm'
const tagBytes = 16

/** Bytes of a nonce: the 96 bits of NIST SP 800-38D 8.2. */
export const nonceBytes = 12

/** AES-256-GCM: nonce, ciphertext and tag, base64url. The nonce must not come twice under one key; what `bound` says must be said again to open it. */
export function sealBytes(key: Uint8Array, nonce: Uint8Array, bound: Uint8Array, content: string | Uint8Array): string {
  const sealing = createCipheriv(cipher, key, nonce)
  sealing.setAAD(bound)
  const plain = typeof content === 'string' ? Buffer.from(content) : content
  const sealed = Buffer.allocUnsafe(nonceBytes + plain.length + tagBytes)
  sealed.set(nonce)
  sealed.set(sealing.update(plain), nonceBytes)
  // GCM has no last block: `final` gives nothing but lets the tag be asked for.
  sealing.final()
  sealed.set(sealing.getAuthTag(), nonceBytes + plain.length)
  return sealed.toString('base64url')
}

/** What was sealed; undefined where it was under another key, bound to something else, or is not whole. */
export function openBytes(key: Uint8Array, bound: Uint8Array, sealed: string): Buffer | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length < nonceBytes + tagBytes) return undefined
  const opening = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes))
  opening.setAAD(bound)
  opening.setAuthTag(bytes.subarray(-tagBytes))
  try {
    return Buffer.concat([opening.update(bytes.subarray(nonceBytes, -tagBytes)), opening.final()])
  } catch {
    return undefined
  }
}
