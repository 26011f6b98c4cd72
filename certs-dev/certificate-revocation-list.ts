import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import { extension, keyIdentifier } from './certificate-extensions.ts'
import type { CertificateKey } from './certificate-key.ts'

/** One line of a CRL. */
export interface RevokedEntry {
  /** Hexadecimal. */
  readonly serial: string
  /** ms since 1970. */
  readonly when: number
}

/** How a CRL is to be made; times in ms since 1970, from an hour ago for ten years unless told otherwise. */
export interface CrlOptions {
  /** null leaves the number out; 1 by default. */
  readonly number?: number | null
  readonly thisUpdate?: number
  /** null leaves it out, against RFC 5280. */
  readonly nextUpdate?: number | null
  /** Adds a critical extension that nobody knows. */
  readonly criticalExtension?: boolean
  /** Says that it covers other issuers' certificates too. */
  readonly indirect?: boolean
  /** Says that it covers end entities only. */
  readonly onlyUserCertificates?: boolean
  /** Says that it only tells changes since another CRL. */
  readonly delta?: boolean
  /** Another key to sign with: a forgery. */
  readonly signWith?: CertificateKey
}

/** The CRL of one issuer, signed with SHA-256, in PEM. */
export async function signCrl(
  issuer: { subject: pkijs.RelativeDistinguishedNames; key: CertificateKey; revoked: readonly RevokedEntry[] },
  options: CrlOptions,
): Promise<string> {
  const now = Date.now()
  const { thisUpdate = now - 3_600_000, nextUpdate = now + 3650 * 86_400_000, number = 1 } = options
  const crl = new pkijs.CertificateRevocationList()
  crl.version = 1
  crl.issuer = issuer.subject
  crl.thisUpdate = time(thisUpdate)
  if (nextUpdate !== null) crl.nextUpdate = time(nextUpdate)
  if (issuer.revoked.length > 0) crl.revokedCertificates = issuer.revoked.map(revokedCertificate)
  const key = new pkijs.PublicKeyInfo()
  await key.importKey(issuer.key.publicKey)
  const extensions = [await keyIdentifier('authority', key)]
  if (number !== null) extensions.push(extension('2.5.29.20', false, new asn1js.Integer({ value: number })))
  if (options.delta) extensions.push(extension('2.5.29.27', true, new asn1js.Integer({ value: 1 })))
  if (options.indirect) extensions.push(extension('2.5.29.28', true, new pkijs.IssuingDistributionPoint({ indirectCRL: true }).toSchema()))
  if (options.onlyUserCertificates) {
    extensions.push(extension('2.5.29.28', true, new pkijs.IssuingDistributionPoint({ onlyContainsUserCerts: true }).toSchema()))
  }
  if (options.criticalExtension) extensions.push(extension('1.3.6.1.4.1.99999.1', true, new asn1js.Null()))
  crl.crlExtensions = new pkijs.Extensions({ extensions })
  await crl.sign((options.signWith ?? issuer.key).privateKey, 'SHA-256')
  return pem(Buffer.from(crl.toSchema(true).toBER(false)))
}

function revokedCertificate({ serial, when }: RevokedEntry): pkijs.RevokedCertificate {
  return new pkijs.RevokedCertificate({
    userCertificate: new asn1js.Integer({ valueHex: new Uint8Array(Buffer.from(serial, 'hex')).buffer }),
    revocationDate: time(when),
  })
}

function time(at: number): pkijs.Time {
  const value = new Date(at)
  return new pkijs.Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value })
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN X509 CRL-----\n${lines.join('\n')}\n-----END X509 CRL-----\n`
}
