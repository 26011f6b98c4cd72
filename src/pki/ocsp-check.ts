import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { type Clock, isReached, type Moment, momentIn } from '../lib/clock.ts'
import type { CertificateVerdict } from '../spine/arrival.ts'
import { ocspAddressesOf } from './authority-addresses.ts'
import { authorityIdOf } from './certificate.ts'
import type { CertificateUsage } from './examination.ts'
import { fetchBytes, type MayNotDial } from './fetch-bytes.ts'
import type { Judge } from './judge.ts'
import { encodeOcspRequest, type OcspSubject } from './ocsp-request.ts'
import { type OcspAnswer, readOcspResponse } from './ocsp-response.ts'
import type { PkiSettings } from './pki-settings.ts'
import type { PresentedCertificate } from './presented.ts'
import type { TrustStore } from './trust-store.ts'
import { utc } from './utc.ts'

/** How a question to a responder ended. */
export type OcspResult = OcspAnswer['status'] | 'failed'

/** What the check needs; settings and trust are asked for anew, so that a reload takes effect. */
export interface OcspParts {
  readonly settings: () => Pick<PkiSettings, 'ocsp' | 'fetchFromAuthorities'>
  readonly trust: () => TrustStore
  readonly mayNotDial: MayNotDial
  readonly clock: Clock
  /** Told of every question; `reason` where it failed. */
  readonly asked: (result: OcspResult, reason?: string) => void
  /** Told once of a certificate (its SHA-256) that may have passed before and that the responder now calls revoked. */
  readonly revoked: (sha256: string) => void
}

/** The trust store's judgement joined with what responders said. */
export interface OcspCheck {
  /** As the trust store judges; what was good also by the responder's last word. Reads memory only. */
  readonly judge: Judge
  /** Resolves, within the time that the settings allow, when the responder has been asked; undefined where nobody need be. Never rejects. */
  ready(presented: PresentedCertificate, usage?: CertificateUsage): Promise<void> | undefined
  /** Whether a responder called the certificate of this SHA-256 revoked. Keeps its status fresh, as the judgement does. */
  isRevoked(sha256: string): boolean
}

/** What is known of one certificate. */
interface Status {
  readonly subject: OcspSubject
  /** The responders that the certificate names. */
  readonly named: readonly string[]
  result?: OcspResult
  /** When the answer was made that called it revoked, ms since 1970. */
  revokedAsOf?: number
  reason: string
  /** From when on the responder is asked again, in the background while the status still counts. */
  askAt: Moment
  /** Until when a good status counts. */
  goodUntil: Moment
  underWay?: Promise<void>
}

const mostBytes = 64 * 1024
/** A responder that failed is asked again after this time. */
const retryMs = 30_000
const longAgo: Moment = { now: 0, elapsed: 0 }

/** Makes a check that has asked nobody yet. */
export function createOcspCheck(parts: OcspParts): OcspCheck {
  const statuses = new LRUCache<string, Status>({ max: parts.settings().ocsp.maxEntries })

  /** What is known of a certificate that was just judged good. */
  function statusOf(sha256: string, presented: PresentedCertificate, usage: CertificateUsage, now: number): Status {
    const known = statuses.get(sha256)
    if (known !== undefined) return known
    const [leaf, issuer] = parts.trust().chainOf(presented, now, usage) ?? []
    if (leaf === undefined || issuer === undefined) throw new Error('there is no chain of what was judged good')
    const made: Status = {
      subject: { issuer, serial: leaf.fields.serial },
      named: ocspAddressesOf(leaf.fields),
      reason: 'the responder has not been asked yet',
      askAt: longAgo,
      goodUntil: longAgo,
    }
    statuses.set(sha256, made)
    return made
  }

  /** Asks where it is time to, once at a time. */
  function refresh(sha256: string, status: Status): Promise<void> | undefined {
    if (status.underWay === undefined && isReached(parts.clock, status.askAt)) {
      const before = status.result
      status.underWay = ask(status, parts).then(() => {
        delete status.underWay
        // Whoever is revoked from the beginning has never passed, and is answered.
        if (status.result === 'revoked' && before !== undefined && before !== 'revoked') parts.revoked(sha256)
      })
    }
    return status.underWay
  }

  return {
    judge(presented, now, usage = 'client') {
      const verdict = parts.trust().judge(presented, now, usage)
      if (verdict.kind !== 'good' || parts.settings().ocsp.mode === 'off') return verdict
      const { sha256, subject } = verdict.certificate
      const status = statusOf(sha256, presented, usage, now)
      void refresh(sha256, status)
      const reason = objection(status, parts.clock, parts.settings().ocsp.mode === 'require')
      return reason === undefined ? verdict : ({ kind: 'bad', reason, sha256, subject } satisfies CertificateVerdict)
    },
    ready(presented, usage = 'client') {
      if (parts.settings().ocsp.mode === 'off') return undefined
      const now = parts.clock.now()
      const verdict = parts.trust().judge(presented, now, usage)
      if (verdict.kind !== 'good') return undefined
      const status = statusOf(verdict.certificate.sha256, presented, usage, now)
      const underWay = refresh(verdict.certificate.sha256, status)
      return status.result === 'revoked' || isGood(status, parts.clock) ? undefined : underWay
    },
    isRevoked(sha256) {
      const status = parts.settings().ocsp.mode === 'off' ? undefined : statuses.get(sha256)
      if (status === undefined) return false
      void refresh(sha256, status)
      return status.result === 'revoked'
    },
  }
}

/** The store as connections are to be judged: by its lists, and by what responders say. */
export function withOcsp(store: TrustStore, { judge, ready }: OcspCheck): TrustStore {
  return Object.freeze({ ...store, judge, ready })
}

function isGood({ result, goodUntil }: Status, clock: Clock): boolean {
  return result === 'good' && !isReached(clock, goodUntil)
}

function objection(status: Status, clock: Clock, mustBeGood: boolean): string | undefined {
  if (status.result === 'revoked') return status.reason
  if (!mustBeGood || isGood(status, clock)) return undefined
  return `revocation unknown: ${status.reason}`
}

/** Asks the responder and notes what it says. A failure lets stand what was known: a revocation for good, a good status while it counts. */
async function ask(status: Status, parts: OcspParts): Promise<void> {
  const { ocsp } = parts.settings()
  const { clock } = parts
  try {
    const answer = await question(status, parts)
    // Whoever sits between could else send again what was said before the revocation.
    if (status.result === 'revoked' && answer.thisUpdate < (status.revokedAsOf ?? 0))
      throw new Error('it is older than the answer that called the certificate revoked')
    if (answer.status === 'revoked') status.revokedAsOf = answer.thisUpdate
    const countsMs = Math.max(1000, Math.min(ocsp.cacheSeconds * 1000, (answer.nextUpdate ?? Number.POSITIVE_INFINITY) - clock.now()))
    status.result = answer.status
    status.goodUntil = answer.status === 'good' ? momentIn(clock, countsMs) : longAgo
    status.askAt = momentIn(clock, answer.status === 'unknown' ? retryMs : Math.max(1000, countsMs / 2))
    status.reason = reasonOf(answer, status.goodUntil.now)
    parts.asked(answer.status)
  } catch (error) {
    const why = ((error as Partial<Error>).message || String(error)).slice(0, 300)
    status.askAt = momentIn(clock, retryMs)
    if (status.result !== 'revoked' && isReached(clock, status.goodUntil)) {
      status.result = 'failed'
      status.reason = `the OCSP responder gave no answer that counts: ${why}`
    }
    parts.asked('failed', why)
  }
}

async function question({ subject, named }: Status, { settings, trust, mayNotDial, clock }: OcspParts): Promise<OcspAnswer> {
  const { ocsp, fetchFromAuthorities } = settings()
  const url = ocsp.url ?? (fetchFromAuthorities ? named[0] : undefined)
  if (url === undefined) throw new Error('no responder is configured, and the certificate names none that may be asked')
  const nonce = randomBytes(32)
  const { body } = await fetchBytes({
    url,
    method: 'POST',
    headers: { 'Content-Type': 'application/ocsp-request', Accept: 'application/ocsp-response' },
    body: encodeOcspRequest(subject, nonce),
    maxBytes: mostBytes,
    timeoutMs: ocsp.timeoutSeconds * 1000,
    mayNotDial,
    anchors: trust().anchorsPem,
  })
  const crl = trust().revocations.get(authorityIdOf(subject.issuer))
  return readOcspResponse(body, { ...subject, nonce, now: clock.now(), isRevoked: (serial) => crl?.revoked.has(serial) === true })
}

function reasonOf({ status, revokedAt }: OcspAnswer, goodUntil: number): string {
  switch (status) {
    case 'good':
      return `the OCSP responder's last answer counted until ${utc(goodUntil)}`
    case 'revoked':
      return `revoked on ${utc(revokedAt ?? 0)}, says the OCSP responder`
    case 'unknown':
      return 'the OCSP responder does not know the certificate'
  }
}
