import type { ReadCertificate } from './certificate.ts'
import { keyUsageBit } from './certificate-fields.ts'
import { DerMalformed, DerReader, derTag, openSequence } from './der.ts'
import { integerHexOf, integerOf, oidOf, timeOf, wholeBytesOf } from './der-values.ts'
import { type DistinguishedName, readDistinguishedName } from './distinguished-name.ts'
import { extensionOid, readExtensions, unknownCritical, type X509Extension } from './extensions.ts'
import { isAcceptedSignature, verifySignature } from './signature-algorithm.ts'

/** What one issuer has revoked. */
export interface Crl {
  readonly number: bigint | undefined
  /** ms since 1970. */
  readonly thisUpdate: number
  /** ms since 1970. */
  readonly nextUpdate: number
  /** When, in ms since 1970, by serial: hexadecimal content of the INTEGER. */
  readonly revoked: ReadonlyMap<string, number>
}

/** A CRL as far as it can be read before its signature is verified. */
export interface SignedCrl {
  readonly issuer: DistinguishedName
  readonly signatureOid: string
  readonly signed: Buffer
  readonly signature: Buffer
}

const understoodOfList: ReadonlySet<string> = new Set([extensionOid.authorityKeyIdentifier, extensionOid.cRLNumber])
const understoodOfEntry: ReadonlySet<string> = new Set(['2.5.29.21', '2.5.29.23', '2.5.29.24'])

/** Reads the frame of a DER-encoded CRL (RFC 5280 5.1); throws `DerMalformed`. */
export function readSignedCrl(der: Buffer): SignedCrl {
  const list = openSequence(der)
  const body = list.expect(derTag.sequence)
  const signatureOid = oidOf(list.enter().next())
  const signature = wholeBytesOf(list.next())
  list.end()
  const fields = new DerReader(body.content)
  fields.optional(derTag.integer)
  if (oidOf(fields.enter().next()) !== signatureOid) throw new DerMalformed('the two names of the signature algorithm differ')
  return { issuer: readDistinguishedName(fields.expect(derTag.sequence)), signatureOid, signed: body.whole, signature }
}

/** Whether `authority` signed the CRL with a key that, where its certificate says what for, may sign CRLs (RFC 5280 6.3.3 f). */
export function isSignedBy(crl: SignedCrl, authority: ReadCertificate): boolean {
  if (authority.fields.keyUsage?.has(keyUsageBit.cRLSign) === false) return false
  return verifySignature(crl.signatureOid, crl.signed, authority.x509.publicKey, crl.signature)
}

/**
 * Reads what a CRL says, once its signature is verified. Throws `DerMalformed` where it is not well-formed, or tells less or more
 * than the whole of what its own issuer has revoked: delta, indirect, of partial scope, or with a critical extension that is not
 * understood.
 */
export function readCrl(crl: SignedCrl): Crl {
  if (!isAcceptedSignature(crl.signatureOid)) throw new DerMalformed('it is signed with an algorithm that is not accepted')
  const body = openSequence(crl.signed)
  body.optional(derTag.integer)
  body.expect(derTag.sequence)
  body.expect(derTag.sequence)
  const thisUpdate = timeOf(body.next())
  const next = body.optional(derTag.utcTime, derTag.generalizedTime)
  if (next === undefined) throw new DerMalformed('it has no nextUpdate (RFC 5280 5.1.2.5), so nobody could tell when it is stale')
  const entries = body.optional(derTag.sequence)
  const wrapped = body.optional(derTag.contextConstructed(0))
  body.end()
  const extensions = wrapped === undefined ? new Map<string, X509Extension>() : readExtensions(new DerReader(wrapped.content).next())
  requireWholeScope(extensions)
  const number = extensions.get(extensionOid.cRLNumber)
  return {
    number: number && integerOf(new DerReader(number.value).next()),
    thisUpdate,
    nextUpdate: timeOf(next),
    revoked: entries === undefined ? new Map() : readEntries(entries.content),
  }
}

/** Whether `crl` is older than `last`: lower in number or, where one has none, earlier made. */
export function isOlder(crl: Pick<Crl, 'number' | 'thisUpdate'>, last: Pick<Crl, 'number' | 'thisUpdate'>): boolean {
  if (crl.thisUpdate < last.thisUpdate) return true
  return crl.number !== undefined && last.number !== undefined && crl.number < last.number
}

function requireWholeScope(extensions: ReadonlyMap<string, X509Extension>): void {
  if (extensions.has(extensionOid.deltaCrlIndicator)) throw new DerMalformed('it is a delta CRL, which tells only what changed')
  if (extensions.has(extensionOid.issuingDistributionPoint)) {
    throw new DerMalformed('it has an IssuingDistributionPoint: it is indirect or covers only part of what its issuer has issued')
  }
  const unknown = unknownCritical(extensions, understoodOfList)
  if (unknown !== undefined) throw new DerMalformed(`its critical extension ${unknown} is not understood`)
}

function readEntries(der: Buffer): ReadonlyMap<string, number> {
  const revoked = new Map<string, number>()
  const list = new DerReader(der)
  while (!list.done) {
    const entry = list.enter()
    const serial = integerHexOf(entry.next())
    const when = timeOf(entry.next())
    const extensions = entry.optional(derTag.sequence)
    entry.end()
    if (extensions !== undefined) requireOwnEntry(readExtensions(extensions))
    revoked.set(serial, when)
  }
  return revoked
}

function requireOwnEntry(extensions: ReadonlyMap<string, X509Extension>): void {
  if (extensions.has(extensionOid.certificateIssuer)) throw new DerMalformed('it is indirect: it lists certificates of other issuers')
  const unknown = unknownCritical(extensions, understoodOfEntry)
  if (unknown !== undefined) throw new DerMalformed(`the critical extension ${unknown} of an entry is not understood`)
}
