import { createHash, type X509Certificate } from 'node:crypto'
import { type CertificateFields, readCertificateFields } from './certificate-fields.ts'

/** A certificate that has been read: once by OpenSSL, once by us. */
export interface ReadCertificate {
  readonly x509: X509Certificate
  readonly fields: CertificateFields
  /** SHA-256, lower-case hexadecimal. */
  readonly sha256: string
}

/** Reads a certificate's DER; throws `DerMalformed`. */
export function readCertificate(x509: X509Certificate): ReadCertificate {
  return { x509, fields: readCertificateFields(x509.raw), sha256: sha256Of(x509) }
}

/** SHA-256 of the certificate's DER, lower-case hexadecimal. */
export function sha256Of(x509: X509Certificate): string {
  return x509.fingerprint256.replaceAll(':', '').toLowerCase()
}

const keyDigests = new WeakMap<X509Certificate, string>()
const authorityIds = new WeakMap<ReadCertificate, string>()

/** SHA-256 of the public key (SubjectPublicKeyInfo), lower-case hexadecimal. Computed once for each object: Node parses the key at each look. */
export function publicKeySha256Of(x509: X509Certificate): string {
  const known = keyDigests.get(x509)
  if (known !== undefined) return known
  const digest = createHash('sha256')
    .update(x509.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
  keyDigests.set(x509, digest)
  return digest
}

/** Who an authority is across re-issues and cross-certificates: its name and its key together, never the name alone. */
export function authorityIdOf(certificate: ReadCertificate): string {
  const known = authorityIds.get(certificate)
  if (known !== undefined) return known
  const id = createHash('sha256').update(certificate.fields.subject.der).update(publicKeySha256Of(certificate.x509)).digest('hex')
  authorityIds.set(certificate, id)
  return id
}

/** The subject on one line, without control characters and of bounded length, for people. */
export function subjectOf(x509: X509Certificate): string {
  return oneLine(x509.subject)
}

/** The issuer on one line, likewise. */
export function issuerOf(x509: X509Certificate): string {
  return oneLine(x509.issuer)
}

/** The types say string; what Node gives of an empty name is undefined. */
function oneLine(name: string | undefined): string {
  const line = (name ?? '').split('\n').join(', ')
  return (line.length > 300 ? `${line.slice(0, 300)}…` : line).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?') || '(no name)'
}
