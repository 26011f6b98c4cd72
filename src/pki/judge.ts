import { LRUCache } from 'lru-cache'
import type { CertificateVerdict } from '../spine/arrival.ts'
import { sha256Of, subjectOf } from './certificate.ts'
import type { Chain, ChainFinder } from './chain.ts'
import { type CertificateUsage, type Examination, examine, type RevocationPolicy } from './examination.ts'
import type { IssuerMemory } from './issuer-memory.ts'
import type { PresentedCertificate } from './presented.ts'

/** Judges what a peer presented, at a moment in ms since 1970; never throws. */
export type Judge = (presented: PresentedCertificate, now: number, usage?: CertificateUsage) => CertificateVerdict

/** The chain by which a presentation is good at a moment in ms since 1970, or nothing where it is not. */
export type ChainOf = (presented: PresentedCertificate, now: number, usage?: CertificateUsage) => Chain | undefined

/** What a judge goes by; none of it changes during its life, but for the memories. */
export interface JudgeParts {
  readonly find: ChainFinder
  /** SHA-256 of every configured authority's certificate. */
  readonly configured: ReadonlySet<string>
  readonly revocation: RevocationPolicy
  readonly memory: IssuerMemory
}

/** How many certificates' examinations are kept, and how many issuers of one presentation are looked at. */
const mostExamined = 5_000
const mostIssuers = 8

/**
 * What OpenSSL may object to and the judge decides for itself: chain, dates, revocation and, on the provider's leg, the host (which whoever
 * connects compares). Its verdict is of the handshake, or of the one before a resumption; ours is of now. Any other objection stands.
 */
const decidedHere: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_NOT_YET_VALID',
  'CERT_HAS_EXPIRED',
  'UNABLE_TO_GET_CRL',
  'CRL_NOT_YET_VALID',
  'CRL_HAS_EXPIRED',
  'CERT_REVOKED',
  'HOSTNAME_MISMATCH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

/** One presentation, examined: the first chain that is good now decides; without any chain, one examination says why. */
interface Judged {
  readonly sha256: string
  readonly subject: string
  readonly examinations: readonly Examination[]
  readonly chains: readonly Chain[]
}

/**
 * Makes a judge. The costly part (chain, signatures, parsing) is done once per certificate and set of issuers; a presentation that
 * it has judged before costs a look-up and two comparisons.
 */
export function createJudge(parts: JudgeParts): { readonly judge: Judge; readonly chainOf: ChainOf } {
  const { configured, memory } = parts
  const examined = new LRUCache<string, Judged>({ max: mostExamined })
  const recognised = { client: new WeakMap<PresentedCertificate, Judged>(), server: new WeakMap<PresentedCertificate, Judged>() }

  const examineOnce = (
    presented: PresentedCertificate,
    issuers: PresentedCertificate['presentedIssuers'],
    usage: CertificateUsage,
  ): Judged => {
    const key = JSON.stringify([usage, presented.leaf.fingerprint256, ...issuers.map(({ fingerprint256 }) => fingerprint256)])
    const before = examined.get(key)
    if (before !== undefined) return before
    const judged = examineAll({ ...presented, presentedIssuers: issuers }, usage, parts)
    examined.set(key, judged)
    return judged
  }

  const look = (presented: PresentedCertificate, usage: CertificateUsage): Judged => {
    const issuers = presented.presentedIssuers.slice(0, mostIssuers)
    const shown = examineOnce(presented, issuers, usage)
    if (issuers.length === 0) {
      // Also where there is a chain without them: it may not be good, as where an expired intermediate is configured and its successor was sent.
      const recalled = memory.recall(shown.sha256)
      if (recalled !== undefined) return keep(presented, usage, examineOnce(presented, recalled, usage))
      // Not recognised by its object where nothing is known of it: another connection may show the issuers any moment.
      if (shown.chains.length === 0) return shown
    }
    const sent = shown.chains.flatMap((chain) => chain.slice(1).filter(({ sha256 }) => !configured.has(sha256)))
    if (sent.length > 0) memory.remember(shown.sha256, [...new Set(sent.map(({ x509 }) => x509))])
    return keep(presented, usage, shown)
  }

  const keep = (presented: PresentedCertificate, usage: CertificateUsage, judged: Judged): Judged => {
    const final = objected(presented.opensslError, judged)
    recognised[usage].set(presented, final)
    return final
  }

  const judgedOf = (presented: PresentedCertificate, usage: CertificateUsage): Judged =>
    recognised[usage].get(presented) ?? look(presented, usage)

  return {
    judge: (presented, now, usage = 'client') => decide(judgedOf(presented, usage), now),
    chainOf: (presented, now, usage = 'client') => {
      const { examinations, chains } = judgedOf(presented, usage)
      return chains[examinations.findIndex((examination) => isGoodAt(examination, now))]
    },
  }
}

function examineAll(presented: PresentedCertificate, usage: CertificateUsage, { find, revocation }: JudgeParts): Judged {
  const sha256 = sha256Of(presented.leaf)
  const subject = subjectOf(presented.leaf)
  try {
    const search = find(presented.leaf, presented.presentedIssuers)
    if (search.kind === 'none') return { sha256, subject, examinations: [{ kind: 'bad', reason: search.reason }], chains: [] }
    return { sha256, subject, examinations: search.chains.map((chain) => examine(chain, usage, revocation)), chains: search.chains }
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    return { sha256, subject, examinations: [{ kind: 'bad', reason: `it cannot be read: ${what}` }], chains: [] }
  }
}

function objected(opensslError: string | undefined, judged: Judged): Judged {
  if (opensslError === undefined || decidedHere.has(opensslError)) return judged
  if (judged.examinations.every(({ kind }) => kind === 'bad')) return judged // ours is the clearer reason
  return { ...judged, examinations: [{ kind: 'bad', reason: `refused by OpenSSL: ${opensslError}` }] }
}

function decide({ sha256, subject, examinations }: Judged, now: number): CertificateVerdict {
  for (const examination of examinations) {
    if (isGoodAt(examination, now)) return examination.good
  }
  return { kind: 'bad', reason: reasonAt(examinations[0], now), sha256, subject }
}

function isGoodAt(examination: Examination, now: number): examination is Examination & { readonly kind: 'timed' } {
  return examination.kind === 'timed' && now >= examination.from && now <= examination.until
}

function reasonAt(examination: Examination | undefined, now: number): string {
  if (examination === undefined) return 'it was not examined'
  if (examination.kind === 'bad') return examination.reason
  for (const { from, until, early, late } of examination.limits) {
    if (now < from) return early
    if (now > until) return late
  }
  return 'the time is not known'
}
