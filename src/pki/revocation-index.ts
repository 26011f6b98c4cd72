import { createHash } from 'node:crypto'
import { authorityIdOf, publicKeySha256Of, type ReadCertificate, subjectOf } from './certificate.ts'
import { type Crl, isOlder, isSignedBy, readCrl, readSignedCrl } from './crl.ts'
import { isSameName } from './distinguished-name.ts'
import { utc } from './utc.ts'

/** Where a list was found. */
export interface CrlPlace {
  /** The file's path, or the address that it was fetched from. */
  readonly file: string
  /** `fetched` also where it was read from what is kept of an earlier fetch. */
  readonly origin: 'file' | 'fetched'
  /** Since when it has been in place there, ms since 1970. */
  readonly since: number
}

/** The revocation list in force for one authority. */
export interface AuthorityCrl extends Crl, CrlPlace {
  /** Whose: `authorityIdOf` its certificate. */
  readonly authority: string
  /** SHA-256 of the key that signed it, as `publicKeySha256Of`. */
  readonly signerKey: string
  /** The authority's subject, on one line. */
  readonly issuer: string
  /** SHA-256 of its DER, hexadecimal. */
  readonly sha256: string
}

/** Which list counts for which authority, by `authorityIdOf`. */
export type RevocationIndex = ReadonlyMap<string, AuthorityCrl>

/** Finds the authorities that signed a list, and reads it. Throws an Error that says what is wrong with it. */
export function readAuthorityCrls(der: Buffer, place: CrlPlace, authorities: readonly ReadCertificate[]): readonly AuthorityCrl[] {
  const signed = readSignedCrl(der)
  const named = authorities.filter(({ fields }) => isSameName(fields.subject, signed.issuer))
  if (named.length === 0) throw new Error('the revocation list is of an issuer that is neither among the anchors nor the intermediates')
  const signers = named.filter((authority) => isSignedBy(signed, authority))
  const [signer] = signers
  if (signer === undefined)
    throw new Error(`the signature of the revocation list is not that of ${subjectOf((named[0] as ReadCertificate).x509)}`)
  const found = {
    ...readCrl(signed),
    ...place,
    signerKey: publicKeySha256Of(signer.x509),
    issuer: subjectOf(signer.x509),
    sha256: createHash('sha256').update(der).digest('hex'),
  }
  return [...new Set(signers.map(authorityIdOf))].map((authority) => ({ ...found, authority }))
}

/** Indexes the lists by authority; of several for the same one the newest counts, of equally new ones the first. */
export function indexRevocations(crls: readonly AuthorityCrl[]): RevocationIndex {
  const index = new Map<string, AuthorityCrl>()
  for (const crl of crls) {
    const other = index.get(crl.authority)
    if (other === undefined || isOlder(other, crl)) index.set(crl.authority, crl)
  }
  return index
}

/**
 * The list that counts for certificates of this issuer. Where issuers need have none, that of any authority with the same key counts too: a cross-certificate
 * may write the name in another way (case, encoding), which is the same to OpenSSL, and would open a way around the list.
 */
export function listFor(issuer: ReadCertificate, index: RevocationIndex, required: boolean): AuthorityCrl | undefined {
  const own = index.get(authorityIdOf(issuer))
  if (own !== undefined || required) return own
  const key = publicKeySha256Of(issuer.x509)
  return [...index.values()].find(({ signerKey }) => signerKey === key)
}

/** What is wrong with lists that are older than those already in force: somebody replays one from before a revocation. */
export function replayed(next: RevocationIndex, last: RevocationIndex): readonly string[] {
  const problems: string[] = []
  for (const crl of next.values()) {
    const before = last.get(crl.authority)
    if (before === undefined || !isOlder(crl, before)) continue
    problems.push(`${crl.file}: the revocation list of ${crl.issuer} (${edition(crl)}) is older than the one in force (${edition(before)})`)
  }
  return problems
}

function edition({ number, thisUpdate }: Crl): string {
  return `number ${number ?? 'none'}, made ${utc(thisUpdate)}`
}
