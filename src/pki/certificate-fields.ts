import { DerMalformed, DerReader, derTag, openSequence } from './der.ts'
import { booleanOf, integerHexOf, integerOf, namedBitsOf, oidOf } from './der-values.ts'
import { type DistinguishedName, readDistinguishedName } from './distinguished-name.ts'
import { extensionOid, readExtensions, unknownCritical, type X509Extension } from './extensions.ts'
import { type GeneralName, readGeneralNames } from './general-names.ts'
import { type NameConstraints, readNameConstraints } from './name-constraints.ts'

/** What a decision needs of a certificate beyond what `X509Certificate` tells, read from its DER. */
export interface CertificateFields {
  /** Hexadecimal content of the INTEGER, as CRL entries have it. */
  readonly serial: string
  readonly subject: DistinguishedName
  readonly issuer: DistinguishedName
  readonly signatureOid: string
  readonly isCa: boolean
  readonly pathLength: number | undefined
  /** Numbers of the set bits (RFC 5280 4.2.1.3); undefined where the extension is absent. */
  readonly keyUsage: ReadonlySet<number> | undefined
  /** Object identifiers; undefined where the extension is absent. */
  readonly extendedKeyUsage: ReadonlySet<string> | undefined
  readonly alternativeNames: readonly GeneralName[]
  readonly nameConstraints: NameConstraints | undefined
  readonly unknownCriticalExtension: string | undefined
  /** All of them by object identifier, those included that nothing is decided by. */
  readonly extensions: ReadonlyMap<string, X509Extension>
}

/** The bits of keyUsage that matter here (RFC 5280 4.2.1.3). */
export const keyUsageBit = { digitalSignature: 0, keyEncipherment: 2, keyAgreement: 4, keyCertSign: 5, cRLSign: 6 } as const

/**
 * The critical extensions that are understood. Of the policies' family only those that have no effect unless `policyConstraints` asks
 * for an explicit policy; that one is not understood, so a certificate that makes it critical is refused.
 */
const understood: ReadonlySet<string> = new Set([
  extensionOid.keyUsage,
  extensionOid.subjectAltName,
  extensionOid.basicConstraints,
  extensionOid.nameConstraints,
  extensionOid.cRLDistributionPoints,
  extensionOid.certificatePolicies,
  extensionOid.policyMappings,
  extensionOid.extKeyUsage,
  extensionOid.inhibitAnyPolicy,
])

/** Reads a certificate's DER (RFC 5280 4.1); anything that is not such throws `DerMalformed`. */
export function readCertificateFields(der: Buffer): CertificateFields {
  const certificate = openSequence(der)
  const body = certificate.enter()
  const signatureOid = oidOf(certificate.enter().next())
  certificate.expect(derTag.bitString)
  certificate.end()

  body.optional(derTag.contextConstructed(0))
  const serial = integerHexOf(body.next())
  if (oidOf(body.enter().next()) !== signatureOid) throw new DerMalformed('the two names of the signature algorithm differ')
  const issuer = readDistinguishedName(body.expect(derTag.sequence))
  body.expect(derTag.sequence) // validity: X509Certificate reads it
  const subject = readDistinguishedName(body.expect(derTag.sequence))
  body.expect(derTag.sequence) // subjectPublicKeyInfo: likewise
  body.optional(derTag.contextPrimitive(1))
  body.optional(derTag.contextPrimitive(2))
  const wrapped = body.optional(derTag.contextConstructed(3))
  body.end()
  const extensions = wrapped === undefined ? new Map<string, X509Extension>() : readExtensions(onlyValue(wrapped.content))
  const read = <Value>(oid: string, reader: (value: Buffer) => Value): Value | undefined => {
    const extension = extensions.get(oid)
    return extension && reader(extension.value)
  }
  return {
    serial,
    subject,
    issuer,
    signatureOid,
    ...(read(extensionOid.basicConstraints, readBasicConstraints) ?? { isCa: false, pathLength: undefined }),
    keyUsage: read(extensionOid.keyUsage, (value) => namedBitsOf(onlyValue(value))),
    extendedKeyUsage: read(extensionOid.extKeyUsage, readPurposes),
    alternativeNames: read(extensionOid.subjectAltName, (value) => readGeneralNames(onlyValue(value))) ?? [],
    nameConstraints: read(extensionOid.nameConstraints, readNameConstraints),
    unknownCriticalExtension: unknownCritical(extensions, understood),
    extensions,
  }
}

function readBasicConstraints(der: Buffer): { isCa: boolean; pathLength: number | undefined } {
  const constraints = openSequence(der)
  const flag = constraints.optional(derTag.boolean)
  const length = constraints.optional(derTag.integer)
  constraints.end()
  const pathLength = length && integerOf(length)
  if (pathLength !== undefined && pathLength < 0n) throw new DerMalformed('path length is negative')
  return { isCa: flag !== undefined && booleanOf(flag), pathLength: pathLength === undefined ? undefined : Number(pathLength) }
}

function readPurposes(der: Buffer): ReadonlySet<string> {
  const list = openSequence(der)
  const purposes = new Set<string>()
  while (!list.done) purposes.add(oidOf(list.next()))
  return purposes
}

function onlyValue(der: Buffer): ReturnType<DerReader['next']> {
  const reader = new DerReader(der)
  const value = reader.next()
  reader.end()
  return value
}
