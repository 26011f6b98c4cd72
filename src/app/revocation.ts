import type { AuditTrail } from '../audit/audit-trail.ts'
import type { OperationAct } from '../audit/operations.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { sha256Of } from '../pki/certificate.ts'
import { type CrlSourceState, createCrlRefresher } from '../pki/crl-refresher.ts'
import { crlSourcesOf } from '../pki/crl-source.ts'
import type { MayNotDial } from '../pki/fetch-bytes.ts'
import type { KeptCrls } from '../pki/kept-crls.ts'
import { createOcspCheck, type OcspResult, withOcsp } from '../pki/ocsp-check.ts'
import type { PkiSettings } from '../pki/pki-settings.ts'
import type { PresentedCertificate } from '../pki/presented.ts'
import { type AuthorityCrl, indexRevocations, readAuthorityCrls, replayed } from '../pki/revocation-index.ts'
import { authoritiesOf, type TrustStore, withoutList, withRevocations } from '../pki/trust-store.ts'
import type { CertificateVerdict, ConsumerConnection } from '../spine/arrival.ts'
import { type Refusal, refuse } from '../spine/refusal.ts'

/** What revocation acts on. */
export interface RevocationParts {
  readonly settings: () => PkiSettings
  /** As it was loaded: lists, without OCSP. */
  readonly trust: () => TrustStore
  /** Puts a store with newer lists in its place. */
  readonly replace: (trust: TrustStore) => void
  readonly kept: KeptCrls
  /** Whether lists are fetched here, and who is told of them. */
  readonly lists: { readonly fetches: boolean; readonly taken?: (der: Buffer, url: string) => void }
  readonly mayNotDial: MayNotDial
  readonly renewTickets: () => void
  readonly cutConsumers: (why: (connection: ConsumerConnection) => Refusal | undefined) => number
  readonly cutProviders: (judge: (presented: PresentedCertificate) => CertificateVerdict) => number
  readonly audit: Pick<AuditTrail, 'operation'>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
}

/** How the sources of revocation do, for readiness. */
export interface RevocationState {
  readonly sources: readonly CrlSourceState[]
  /** Why the last question to an OCSP responder failed; absent where it did not. */
  readonly ocspFailure?: string
}

/** Revocation at work: lists are refreshed, responders asked, and whoever is revoked is cut off. */
export interface Revocation {
  /** What every connection is to be judged by. */
  trust(): TrustStore
  /** Makes a change of trust felt: tickets become worthless, connections that are no longer good are cut, new lists recorded. */
  enforce(before: TrustStore, after: TrustStore): void
  /** Begins to fetch lists; resolves at once where every authority has one, else when each address has answered or failed. Never rejects. */
  start(): Promise<void>
  /** Takes addresses from the settings in force, and asks all of them. Resolves when each has answered or failed. Never rejects. */
  refresh(): Promise<void>
  /** Takes a list that another process of this machine has fetched; throws where it is not to be believed. */
  take(der: Buffer, url: string): void
  readonly state: RevocationState
  close(): void
}

/** How often the certificates of open connections are looked up in what responders said. */
const sweepMs = 10_000
const effectBuckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60]

/** Puts revocation to work. Nothing is fetched before `start`. */
export function createRevocation(parts: RevocationParts): Revocation {
  const { settings, trust, logger, clock, metrics, kept } = parts
  const effect = metrics.histogram(
    'ssp_revocation_effect_seconds',
    'From when a revocation list was in place until tickets were renewed and revoked connections cut.',
    [],
    effectBuckets,
  )
  const cutConnections = metrics.counter('ssp_revocation_cut_connections_total', 'Connections cut because trust had changed.', ['leg'])
  const fetchFailures = metrics.counter(
    'ssp_crl_fetch_failures_total',
    'Fetches of revocation lists that failed or brought what is refused.',
    ['url'],
  )
  const questions = metrics.counter('ssp_ocsp_requests_total', 'Questions to OCSP responders by their result.', ['result'])
  let ocspFailure: string | undefined
  let joined: { readonly store: TrustStore; readonly joined: TrustStore } | undefined

  const ocsp = createOcspCheck({
    settings,
    trust,
    mayNotDial: parts.mayNotDial,
    clock,
    asked: (result: OcspResult, reason) => {
      questions.labels(result).inc()
      if (reason !== undefined && ocspFailure === undefined) logger.error({ reason }, 'the OCSP responder gave no answer that counts')
      ocspFailure = reason
    },
    revoked: (sha256) => {
      const cut = cutBad()
      logger.warn({ certificate: sha256, ...cut }, 'revoked, says the OCSP responder')
      record('revocation-status', { certificate: sha256, ...cut })
    },
  })

  const refresher = createCrlRefresher({
    mayNotDial: parts.mayNotDial,
    anchors: () => trust().anchorsPem,
    offer: takeList,
    failed: (url, reason, failures) => {
      fetchFailures.labels(url).inc()
      logger.error({ url, reason, failures }, 'a revocation list could not be fetched: the one in force stays')
    },
    clock,
  })

  function judgedBy(): TrustStore {
    const store = trust()
    if (joined?.store !== store) joined = { store, joined: withOcsp(store, ocsp) }
    return joined.joined
  }

  /** Verifies a fetched list; brings it into force, and keeps it, where it is newer than the one in force. */
  function takeList(der: Buffer, url: string): readonly AuthorityCrl[] {
    const before = trust()
    const crls = readAuthorityCrls(der, { file: url, origin: 'fetched', since: clock.now() }, authoritiesOf(before.material))
    const problems = replayed(indexRevocations(crls), before.revocations)
    if (problems.length > 0) throw new Error(problems.join('; '))
    const after = withRevocations(before, crls)
    if (after === before) return crls
    parts.replace(after)
    enforce(before, after)
    parts.lists.taken?.(der, url)
    if (!parts.lists.fetches) return crls
    for (const { authority } of crls)
      kept
        .keep(authority, der)
        .catch((error: unknown) => logger.error({ url, error: String(error) }, 'a fetched revocation list could not be kept on disk'))
    return crls
  }

  function enforce(before: TrustStore, after: TrustStore): void {
    const cut = cutBad()
    for (const crl of after.revocations.values()) {
      if (before.revocations.get(crl.authority)?.sha256 === crl.sha256) continue
      effect.observe(Math.max(0, clock.now() - crl.since) / 1000)
      const { issuer, number, revoked, file, nextUpdate } = crl
      const detail = { issuer, number: number === undefined ? 'none' : String(number), entries: revoked.size, from: file, ...cut }
      logger.info(detail, 'a revocation list is in force')
      record('revocation-list', { ...detail, nextUpdate: new Date(nextUpdate).toISOString() })
    }
  }

  function cutBad(): { readonly cutConsumers: number; readonly cutProviders: number } {
    parts.renewTickets()
    const judge = judgedBy().judge
    const cutConsumers = parts.cutConsumers(noLongerGood)
    const cutProviders = parts.cutProviders((presented) => judge(presented, clock.now(), 'server'))
    cutConnections.labels('consumer').inc(cutConsumers)
    cutConnections.labels('provider').inc(cutProviders)
    return { cutConsumers, cutProviders }
  }

  function record(act: OperationAct, detail: Readonly<Record<string, string | number | boolean>>): void {
    parts.audit
      .operation({ type: 'operation', v: 1, at: clock.now(), actor: 'process', act, detail })
      .catch((error: unknown) => logger.error({ act, error: String(error) }, 'not recorded'))
  }

  // Streams ask for nothing: without a look now and then nobody would learn that their certificate has been revoked meanwhile.
  const sweeper = setInterval(() => {
    if (settings().ocsp.mode === 'off') return
    parts.cutConsumers((connection) =>
      connection.certificateSha256 !== undefined && ocsp.isRevoked(connection.certificateSha256) ? noLongerGood(connection) : undefined,
    )
    parts.cutProviders((presented) =>
      ocsp.isRevoked(sha256Of(presented.leaf)) ? ocsp.judge(presented, clock.now(), 'server') : { kind: 'none' },
    )
  }, sweepMs)
  sweeper.unref()

  async function refresh(): Promise<void> {
    if (!parts.lists.fetches) return
    refresher.configure(crlSourcesOf(settings(), authoritiesOf(trust().material)))
    await refresher.refresh()
  }

  return {
    trust: judgedBy,
    enforce,
    refresh,
    take: (der, url) => void takeList(der, url),
    async start() {
      const fetched = refresh()
      if (withoutList(trust().material).length > 0) await fetched
    },
    get state() {
      return { sources: refresher.states, ...(ocspFailure !== undefined && { ocspFailure }) }
    },
    close() {
      clearInterval(sweeper)
      refresher.close()
    },
  }
}

/** Why a connection is cut that once was good, or may have been. */
function noLongerGood(connection: ConsumerConnection): Refusal | undefined {
  const verdict = connection.judge()
  return verdict.kind === 'bad' ? refuse('client-certificate', 'BAD_CERTIFICATE', { reason: verdict.reason }) : undefined
}
