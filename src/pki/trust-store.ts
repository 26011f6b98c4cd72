import { createHash } from 'node:crypto'
import { authorityIdOf, type ReadCertificate, subjectOf } from './certificate.ts'
import type { ChainFinder } from './chain.ts'
import type { CertificateUsage } from './examination.ts'
import type { IssuerMemory } from './issuer-memory.ts'
import { type ChainOf, createJudge, type Judge } from './judge.ts'
import type { PresentedCertificate } from './presented.ts'
import { type AuthorityCrl, indexRevocations, type RevocationIndex } from './revocation-index.ts'

/** A revocation list in force, as it is shown to people. */
export interface CrlSummary {
  /** On one line. */
  readonly issuer: string
  /** The file, or the address that it was fetched from. */
  readonly file: string
  /** Decimal. */
  readonly number?: string
  /** ms since 1970. */
  readonly thisUpdate: number
  /** ms since 1970. */
  readonly nextUpdate: number
  /** How many certificates it revokes. */
  readonly entries: number
}

/** Trust as one load or one fetched list left it: immutable; a change makes another, and a request keeps the one it began with. */
export interface TrustStore {
  /** SHA-256 over everything that decides, the first 16 hex digits: equal versions judge alike. */
  readonly version: string
  /** For the `ca` option of `node:tls`, whose names the listener advertises; never joined by the system's own. */
  readonly anchorsPem: readonly string[]
  /** To be added to `ca`, so that OpenSSL completes chains as the judge does. */
  readonly intermediatesPem: readonly string[]
  readonly crls: readonly CrlSummary[]
  /** The configured authorities. */
  readonly certificates: readonly { readonly subject: string; readonly notAfter: number; readonly file: string }[]
  /** What is no reason to refuse the settings but that an operator should know, one sentence each. */
  readonly warnings: readonly string[]
  /**
   * Judges what a peer presented, now (ms since 1970): as a consumer, or with `server` as a provider. Whether the name is the
   * right one is not asked here. Never throws; about 100 ns for a presentation that was judged before.
   */
  readonly judge: Judge
  /** Resolves, in bounded time, once `judge` knows all that it needs, where a responder must be asked first; undefined where none need be. Never rejects. */
  readonly ready?: (presented: PresentedCertificate, usage?: CertificateUsage) => Promise<void> | undefined
  /** By which chain a presentation is good, for whoever asks further about it. */
  readonly chainOf: ChainOf
  /** What the next load compares its lists with. */
  readonly revocations: RevocationIndex
  /** What the next store takes over, so that a change cuts off nobody who resumes. */
  readonly issuerMemory: IssuerMemory
  /** What the store is made of. */
  readonly material: TrustMaterial
}

/** A configured authority and where it stands. */
export interface ConfiguredAuthority {
  readonly certificate: ReadCertificate
  readonly file: string
}

/** What a trust store is made of, read and verified. */
export interface TrustMaterial {
  readonly anchors: readonly ConfiguredAuthority[]
  readonly intermediates: readonly ConfiguredAuthority[]
  readonly revocations: RevocationIndex
  /** Whether certificates of an authority without a list are refused. */
  readonly required: boolean
  readonly graceMs: number
  /** Further warnings than those that follow from the rest. */
  readonly warnings: readonly string[]
  readonly find: ChainFinder
  readonly issuerMemory: IssuerMemory
}

/** Makes a trust store. */
export function makeTrustStore(material: TrustMaterial): TrustStore {
  const { anchors, intermediates, revocations, required, graceMs, find, issuerMemory } = material
  const authorities = authoritiesOf(material)
  const { judge, chainOf } = createJudge({
    find,
    configured: new Set(authorities.map(({ sha256 }) => sha256)),
    revocation: { index: revocations, required, graceMs },
    memory: issuerMemory,
  })
  return Object.freeze({
    version: versionOf(material),
    anchorsPem: anchors.map(pemOf),
    intermediatesPem: intermediates.map(pemOf),
    crls: [...revocations.values()].map(summary),
    certificates: [...anchors, ...intermediates].map(({ certificate: { x509 }, file }) => ({
      subject: subjectOf(x509),
      notAfter: x509.validToDate.getTime(),
      file,
    })),
    warnings: [...material.warnings, ...(required ? withoutCrl(material) : [])],
    judge,
    chainOf,
    revocations,
    issuerMemory,
    material,
  })
}

/** The certificates of all configured authorities. */
export function authoritiesOf({ anchors, intermediates }: Pick<TrustMaterial, 'anchors' | 'intermediates'>): readonly ReadCertificate[] {
  return [...anchors, ...intermediates].map(({ certificate }) => certificate)
}

/**
 * The store with those of the lists that are newer than its own or of an authority that has none yet, and no others; the same store
 * where there are none. Lists of authorities that it does not know are left out. Chains that were verified stay so.
 */
export function withRevocations(store: TrustStore, crls: readonly AuthorityCrl[]): TrustStore {
  const { material } = store
  const known = new Set(authoritiesOf(material).map(authorityIdOf))
  const revocations = indexRevocations([...store.revocations.values(), ...crls.filter(({ authority }) => known.has(authority))])
  const isSame = [...revocations].every(([authority, crl]) => store.revocations.get(authority) === crl)
  return isSame ? store : makeTrustStore({ ...material, revocations })
}

/** The lists of a store that were fetched. */
export function fetchedOf({ revocations }: Pick<TrustStore, 'revocations'>): readonly AuthorityCrl[] {
  return [...revocations.values()].filter(({ origin }) => origin === 'fetched')
}

/** The configured authorities of which no list is in force. */
export function withoutList({ anchors, intermediates, revocations }: TrustMaterial): readonly ConfiguredAuthority[] {
  return [...anchors, ...intermediates].filter(({ certificate }) => !revocations.has(authorityIdOf(certificate)))
}

function withoutCrl(material: TrustMaterial): readonly string[] {
  return withoutList(material).map(
    ({ certificate, file }) =>
      `${file}: there is no revocation list of ${subjectOf(certificate.x509)}, so every certificate that it issued is refused`,
  )
}

function pemOf({ certificate }: ConfiguredAuthority): string {
  return certificate.x509.toString()
}

function summary(crl: AuthorityCrl): CrlSummary {
  const { issuer, file, number, thisUpdate, nextUpdate, revoked } = crl
  return { issuer, file, ...(number !== undefined && { number: String(number) }), thisUpdate, nextUpdate, entries: revoked.size }
}

function versionOf({ anchors, intermediates, revocations, required, graceMs }: TrustMaterial): string {
  const digests = (authorities: readonly ConfiguredAuthority[]): readonly string[] =>
    authorities.map(({ certificate: { sha256 } }) => sha256)
  const lists = [...revocations.values()].map(({ authority, sha256 }) => [authority, sha256]).sort()
  const all = JSON.stringify([digests(anchors), digests(intermediates), lists, required, graceMs])
  return createHash('sha256').update(all).digest('hex').slice(0, 16)
}
