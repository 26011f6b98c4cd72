import type { X509Certificate } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { issuerOf, type ReadCertificate, readCertificate } from './certificate.ts'
import { isAcceptedSignature, isStrongKey } from './signature-algorithm.ts'

/** From the certificate that was presented up to and with the anchor; every signature in it has been verified. */
export type Chain = readonly [ReadCertificate, ...ReadCertificate[]]

/** The chains that were found or, where there are none, why. */
export type ChainSearch = { readonly kind: 'found'; readonly chains: readonly Chain[] } | { readonly kind: 'none'; readonly reason: string }

/** Where issuers are looked for. */
export interface IssuerPool {
  readonly anchors: readonly ReadCertificate[]
  readonly intermediates: readonly ReadCertificate[]
}

/** Bounds of one search: certificates in a chain, chains, and look-ups; a hostile set of look-alike issuers ends there. */
const longestChain = 8
const mostChains = 4
const mostLookups = 64

/** Looks for the chains of a certificate and the issuers that were sent with it; throws `DerMalformed`. */
export type ChainFinder = (leaf: X509Certificate, presented: readonly X509Certificate[]) => ChainSearch

/** How many searches a finder remembers. */
const mostRemembered = 5_000

/** A finder that remembers what it found: as long as the pool is the same, signatures need not be verified again when revocations change. */
export function createChainFinder(pool: IssuerPool): ChainFinder {
  const found = new LRUCache<string, ChainSearch>({ max: mostRemembered })
  return (leaf, presented) => {
    const key = JSON.stringify([leaf, ...presented].map(({ fingerprint256 }) => fingerprint256))
    const before = found.get(key)
    if (before !== undefined) return before
    const search = findChains(leaf, pool, presented)
    found.set(key, search)
    return search
  }
}

/**
 * Looks for chains from `leaf` through the configured intermediates, then through those that the peer sent, up to an anchor. Names
 * and key identifiers are matched first; signatures are verified from the anchor downwards, so that no key is used, and nothing of
 * an unknown certificate parsed by us, that an anchor does not vouch for.
 */
export function findChains(leaf: X509Certificate, pool: IssuerPool, presented: readonly X509Certificate[]): ChainSearch {
  const candidates = candidateIssuers(pool, presented)
  const found: Chain[] = []
  let lookups = 0
  let forged: string | undefined

  const search = (path: readonly X509Certificate[]): void => {
    const last = path[path.length - 1] as X509Certificate
    if (found.length >= mostChains || path.length >= longestChain || ++lookups > mostLookups) return
    for (const anchor of pool.anchors) {
      if (!last.checkIssued(anchor.x509)) continue
      const verified = verifyDownwards(path, anchor)
      if (typeof verified === 'string') forged ??= verified
      else found.push(verified)
      if (found.length >= mostChains) return
    }
    for (const issuer of candidates) {
      if (!path.includes(issuer) && last.checkIssued(issuer)) search([...path, issuer])
    }
  }
  search([leaf])
  if (found.length > 0) return { kind: 'found', chains: found }
  return { kind: 'none', reason: forged ?? whyNone(leaf, presented) }
}

/** The chain, if each certificate was signed by the next one's key, an algorithm and a key that are believed; else what is wrong. */
function verifyDownwards(path: readonly X509Certificate[], anchor: ReadCertificate): Chain | string {
  const chain: ReadCertificate[] = [anchor]
  for (const certificate of path.toReversed()) {
    const issuer = (chain[0] as ReadCertificate).x509
    if (!certificate.verify(issuer.publicKey)) {
      return `its signature or that of its issuer was not made by the authority that it names: ${issuerOf(certificate)}`
    }
    const read = readCertificate(certificate)
    if (!isAcceptedSignature(read.fields.signatureOid)) return `signed with an algorithm that is not accepted (${read.fields.signatureOid})`
    if (!isStrongKey(certificate.publicKey)) return 'its public key or that of its issuer is too short'
    chain.unshift(read)
  }
  return chain as unknown as Chain
}

/** Each authority once, the configured ones first; not the anchors, which end a chain anyway. */
function candidateIssuers(pool: IssuerPool, presented: readonly X509Certificate[]): readonly X509Certificate[] {
  const all = [...pool.intermediates.map(({ x509 }) => x509), ...presented.filter(({ ca }) => ca)]
  const seen = new Set(pool.anchors.map(({ x509 }) => x509.fingerprint256))
  return all.filter(({ fingerprint256 }) => !seen.has(fingerprint256) && seen.add(fingerprint256))
}

function whyNone(leaf: X509Certificate, presented: readonly X509Certificate[]): string {
  if (leaf.subject === leaf.issuer) return 'self-signed: no configured authority has issued it'
  const missing = presented.length === 0 ? ' (it sent no intermediate)' : ''
  return `issued by an authority that is not among the anchors${missing}: ${issuerOf(leaf)}`
}
