import { randomBytes, X509Certificate } from 'node:crypto'
import * as asn1js from 'asn1js'
import * as pkijs from 'pkijs'
import {
  type AlternativeNames,
  basicConstraints,
  distinguishedName,
  extendedKeyUsage,
  type KeyPurpose,
  keyIdentifier,
  keyUsage,
  type NameLimits,
  type NameParts,
  nameConstraints,
  subjectAltName,
} from './certificate-extensions.ts'
import { type CertificateKey, createCertificateKey, type KeyType, openCertificateKey } from './certificate-key.ts'
import { type CrlOptions, type RevokedEntry, signCrl } from './certificate-revocation-list.ts'

const day = 86_400_000

/** How an authority is to be made. */
export interface AuthorityOptions {
  /** Its CN, under O=nhs, OU=CA. */
  readonly name: string
  readonly keyType?: KeyType
  /** The authority that certifies it; without one it is a root. */
  readonly parent?: Authority
  readonly pathLength?: number
  readonly nameConstraints?: NameLimits
  /** Confines what it may issue for; absent means anything. */
  readonly usages?: readonly KeyPurpose[]
  /** ms since 1970; from a day ago for ten years unless told otherwise. */
  readonly notBefore?: number
  readonly notAfter?: number
  /** A key to use instead of a fresh one: a re-issued or cross-certified authority. */
  readonly key?: CertificateKey
  /** false makes an authority whose certificate says that it is none. */
  readonly isCa?: boolean
}

/** How a certificate is to be made; the subject is O=nhs, OU=Devices, and the CN where there is one. */
export interface IssueOptions extends AlternativeNames {
  readonly cn?: string
  /** The CN to the letter, whatever it holds, and no name taken over into the subjectAltName. */
  readonly rawCn?: string
  /** The whole subject instead. */
  readonly subject?: NameParts
  /** clientAuth and serverAuth unless told otherwise; an empty list leaves the extension out. */
  readonly usages?: readonly KeyPurpose[]
  /** ms since 1970; from a day ago for 397 days unless told otherwise. */
  readonly notBefore?: number
  readonly notAfter?: number
  readonly keyType?: KeyType
  readonly isCa?: boolean
  /** A key to certify instead of a fresh one. */
  readonly key?: CertificateKey
  /** Hexadecimal; random unless told otherwise. */
  readonly serial?: string
  /** Further extensions as they are. */
  readonly extensions?: readonly pkijs.Extension[]
  /** Of the signature: SHA-256 unless told otherwise. An RSA authority can do no other. */
  readonly digest?: 'SHA-1' | 'SHA-256'
}

/** A certificate with its key. */
export interface Issued {
  readonly certificatePem: string
  /** The certificate, then the intermediates up to but without the root: what a TLS party presents. */
  readonly chainPem: string
  readonly keyPem: string
  readonly key: CertificateKey
  readonly certificate: X509Certificate
  /** Upper-case hexadecimal, as `X509Certificate.serialNumber`. */
  readonly serial: string
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly sha256: string
}

/** A certificate authority for development and tests; everything it does stays in memory. */
export interface Authority extends Issued {
  readonly subject: pkijs.RelativeDistinguishedNames
  issue(options: IssueOptions): Promise<Issued>
  /** Puts a serial on every CRL made from now on; `when` in ms since 1970, now by default. */
  revoke(serial: string, when?: number): void
  /** A signed CRL, PEM. */
  crl(options?: CrlOptions): Promise<string>
}

/** Makes a root, or with `parent` an intermediate authority. */
export async function createAuthority(options: AuthorityOptions): Promise<Authority> {
  const subject = distinguishedName([
    ['O', 'nhs'],
    ['OU', 'CA'],
    ['CN', options.name],
  ])
  const key = options.key ?? (await createCertificateKey(options.keyType ?? options.parent?.key.type ?? 'rsa'))
  const isCa = options.isCa ?? true
  const extensions = [basicConstraints(isCa, options.pathLength), keyUsage(isCa)]
  if (options.nameConstraints) extensions.push(nameConstraints(options.nameConstraints))
  if (options.usages) extensions.push(extendedKeyUsage(options.usages))
  const now = Date.now()
  const { notBefore = now - day, notAfter = now + 3650 * day } = options
  const signer = options.parent ?? { subject, key }
  const certificate = await certify({ subject, key, signer, notBefore, notAfter, extensions, serial: randomSerial() })
  const intermediates = options.parent === undefined ? '' : issuersToPresent(options.parent)
  const own = issued(certificate, key, intermediates)
  return operate(own, subject)
}

/** Takes up an authority again whose certificate and key (both PEM) were kept; it remembers nothing that it revoked. */
export async function openAuthority(kept: { certificatePem: string; keyPem: string; parent?: Authority }): Promise<Authority> {
  const certificate = new X509Certificate(kept.certificatePem)
  const subject = pkijs.Certificate.fromBER(new Uint8Array(certificate.raw)).subject
  const key = await openCertificateKey(kept.keyPem)
  return operate(issued(certificate, key, kept.parent === undefined ? '' : issuersToPresent(kept.parent)), subject)
}

function operate(own: Issued, subject: pkijs.RelativeDistinguishedNames): Authority {
  const revoked: RevokedEntry[] = []
  const authority: Authority = {
    ...own,
    subject,
    issue: (request) => issue(authority, request),
    revoke: (serial, when = Date.now()) => void revoked.push({ serial, when }),
    crl: (wanted = {}) => signCrl({ subject, key: own.key, revoked }, wanted),
  }
  return authority
}

async function issue(signer: Authority, options: IssueOptions): Promise<Issued> {
  const cn = options.rawCn ?? options.cn
  const devices: NameParts = [
    ['O', 'nhs'],
    ['OU', 'Devices'],
  ]
  const subject = distinguishedName(options.subject ?? (cn === undefined ? devices : [...devices, ['CN', cn]]))
  const key = options.key ?? (await createCertificateKey(options.keyType ?? 'rsa'))
  const isCa = options.isCa ?? false
  const extensions = [basicConstraints(isCa), keyUsage(isCa)]
  const usages = options.usages ?? ['clientAuth', 'serverAuth']
  if (usages.length > 0) extensions.push(extendedKeyUsage(usages))
  const alternative = subjectAltName({ ...options, dnsNames: options.dnsNames ?? (options.cn === undefined ? [] : [options.cn]) })
  if (alternative) extensions.push(alternative)
  extensions.push(...(options.extensions ?? []))
  const now = Date.now()
  const { notBefore = now - day, notAfter = now + 397 * day } = options
  const { serial = randomSerial(), digest } = options
  const certificate = await certify({ subject, key, signer, notBefore, notAfter, extensions, serial, digest })
  return issued(certificate, key, issuersToPresent(signer))
}

interface CertifyOptions {
  readonly subject: pkijs.RelativeDistinguishedNames
  readonly key: CertificateKey
  readonly signer: Pick<Authority, 'subject' | 'key'>
  readonly notBefore: number
  readonly notAfter: number
  readonly extensions: readonly pkijs.Extension[]
  readonly serial: string
  readonly digest?: 'SHA-1' | 'SHA-256' | undefined
}

async function certify(options: CertifyOptions): Promise<X509Certificate> {
  const certificate = new pkijs.Certificate()
  certificate.version = 2
  certificate.serialNumber = new asn1js.Integer({ valueHex: new Uint8Array(Buffer.from(options.serial, 'hex')).buffer })
  certificate.subject = options.subject
  certificate.issuer = options.signer.subject
  certificate.notBefore = time(options.notBefore)
  certificate.notAfter = time(options.notAfter)
  await certificate.subjectPublicKeyInfo.importKey(options.key.publicKey)
  const signerKey = new pkijs.PublicKeyInfo()
  await signerKey.importKey(options.signer.key.publicKey)
  certificate.extensions = [
    ...options.extensions,
    await keyIdentifier('subject', certificate.subjectPublicKeyInfo),
    await keyIdentifier('authority', signerKey),
  ]
  await certificate.sign(options.signer.key.privateKey, options.digest ?? 'SHA-256')
  return new X509Certificate(Buffer.from(certificate.toSchema(true).toBER(false)))
}

function issued(certificate: X509Certificate, key: CertificateKey, intermediates: string): Issued {
  const certificatePem = certificate.toString()
  return {
    certificatePem,
    chainPem: certificatePem + intermediates,
    keyPem: key.keyPem,
    key,
    certificate,
    serial: certificate.serialNumber,
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
  }
}

function issuersToPresent(authority: Authority): string {
  return authority.certificate.checkIssued(authority.certificate) ? '' : authority.chainPem
}

/** 16 random bytes, positive and never with a leading zero. */
function randomSerial(): string {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(0) & 0x3f) | 0x40)
  return bytes.toString('hex')
}

function time(at: number): pkijs.Time {
  const value = new Date(at)
  return new pkijs.Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value })
}
