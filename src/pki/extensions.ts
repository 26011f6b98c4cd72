import { DerMalformed, DerReader, type DerValue, derTag } from './der.ts'
import { booleanOf, oidOf } from './der-values.ts'

/** One extension of a certificate, a CRL or a CRL entry; `value` is DER. */
export interface X509Extension {
  readonly critical: boolean
  readonly value: Buffer
}

/** The object identifiers of RFC 5280's extensions that are read here. */
export const extensionOid = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  cRLNumber: '2.5.29.20',
  deltaCrlIndicator: '2.5.29.27',
  issuingDistributionPoint: '2.5.29.28',
  certificateIssuer: '2.5.29.29',
  nameConstraints: '2.5.29.30',
  cRLDistributionPoints: '2.5.29.31',
  certificatePolicies: '2.5.29.32',
  policyMappings: '2.5.29.33',
  authorityKeyIdentifier: '2.5.29.35',
  extKeyUsage: '2.5.29.37',
  inhibitAnyPolicy: '2.5.29.54',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
} as const

/** Reads `Extensions` by object identifier; one that comes twice is malformed (RFC 5280 4.2). */
export function readExtensions(extensions: DerValue): ReadonlyMap<string, X509Extension> {
  if (extensions.tag !== derTag.sequence) throw new DerMalformed('extensions are no sequence')
  const found = new Map<string, X509Extension>()
  const list = new DerReader(extensions.content)
  while (!list.done) {
    const one = list.enter()
    const oid = oidOf(one.next())
    const flag = one.optional(derTag.boolean)
    const value = one.expect(derTag.octetString).content
    one.end()
    if (found.has(oid)) throw new DerMalformed(`extension ${oid} comes twice`)
    found.set(oid, { critical: flag !== undefined && booleanOf(flag), value })
  }
  return found
}

/** The first critical extension that is not among `known`: whoever does not understand it must refuse (RFC 5280 4.2). */
export function unknownCritical(extensions: ReadonlyMap<string, X509Extension>, known: ReadonlySet<string>): string | undefined {
  for (const [oid, { critical }] of extensions) if (critical && !known.has(oid)) return oid
  return undefined
}
