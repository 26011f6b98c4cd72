import type { AuditTrail } from '../audit/audit-trail.ts'
import type { GateState } from '../forwarding/gate-state.ts'
import type { ProviderCapacity } from '../forwarding/provider-capacity.ts'
import type { Clock } from '../lib/clock.ts'
import type { OwnCertificate } from '../ops/expiry-gauges.ts'
import type { Readiness, ReadinessItem } from '../ops/ops-parts.ts'
import { subjectOf } from '../pki/certificate.ts'
import { type TrustStore, withoutList } from '../pki/trust-store.ts'
import { observedUnder } from '../proxy/admission.ts'
import type { Lockouts } from '../state/lockouts.ts'
import type { Materials } from './materials.ts'
import type { Finding } from './open-finding.ts'
import type { RevocationState } from './revocation.ts'
import type { SharedState } from './shared-state.ts'

/** How the last reload went. */
export interface LastReload {
  readonly ok: boolean
  /** ms since 1970. */
  readonly at: number
  readonly detail: string
}

/** What readiness is read from. */
export interface ReadinessView {
  readonly materials: Materials
  readonly audit: Pick<AuditTrail, 'health' | 'open'>
  readonly finding: Pick<Finding, 'degraded'>
  readonly draining: boolean
  readonly lastReload: LastReload
  readonly revocation: RevocationState
  readonly shared: Pick<SharedState, 'degraded'>
  readonly lockouts: Pick<Lockouts, 'health'>
  readonly capacity: Pick<ProviderCapacity, 'states' | 'observing'>
  /** What else does less than it should. */
  readonly degraded: readonly string[]
  /** Of the operators' port: its own certificates and its anchors. */
  readonly operators: readonly OwnCertificate[]
}

/** Certificates and lists that end within this time are announced. */
const announceMs = 30 * 86_400_000
/** A list is renewed far more often than a certificate. */
const announceListMs = 86_400_000

/** Whether calls would be forwarded now, and what an operator should see to. */
export function readinessOf(
  { degraded: others, materials, audit, finding, draining, lastReload, revocation, shared, lockouts, capacity, operators }: ReadinessView,
  clock: Clock,
): Readiness {
  const { trust, registry, server, client, openKeys, loaded } = materials
  const now = clock.now()
  const { writable, reason } = audit.health
  const items: readonly ReadinessItem[] = [
    { name: 'running', ok: !draining, detail: draining ? 'draining: no new calls are taken' : 'calls are taken' },
    { name: 'audit', ok: writable, detail: writable ? `${audit.open} exchanges are open` : (reason ?? 'not writable') },
    {
      name: 'registry',
      ok: true,
      detail: `version ${registry.version}: ${registry.counts.systems} systems, ${registry.counts.endpoints} endpoints, ${registry.counts.faulty} records set aside`,
    },
    revocationItem(trust, revocation, now),
    { name: 'server-certificate', ok: server.notAfter > now, detail: `until ${day(server.notAfter)}` },
    { name: 'client-certificate', ok: client.notAfter > now, detail: `until ${day(client.notAfter)}` },
  ]
  const warnings = [
    ...trust.warnings,
    ...openKeys,
    ...revocationWarnings(revocation),
    ...trust.crls
      .filter((crl) => crl.nextUpdate < now + announceListMs)
      .map((crl) => `the revocation list of ${crl.issuer} is due at ${new Date(crl.nextUpdate).toISOString()}`),
    ...endingSoon([...trust.certificates, server, ...server.issuers, client, ...client.issuers, ...operators], now),
    ...(registry.counts.faulty > 0 ? [`${registry.counts.faulty} records of the registry are set aside: run ssp registry lint`] : []),
    ...(lastReload.ok ? [] : [`the last reload was refused (${new Date(lastReload.at).toISOString()}): ${lastReload.detail}`]),
    ...loaded.waiting.map((setting) => `${setting} is otherwise in the settings file: it waits for the next start`),
    ...Object.entries(loaded.config.forwarding.dialOverrides).map(
      ([host, address]) => `${host} is dialled at ${address}, past the dial guard (forwarding.dialOverrides)`,
    ),
  ]
  const degraded = [
    ...others,
    ...(shared.degraded === undefined ? [] : [`shared-state: ${shared.degraded}`]),
    ...(lockouts.health.ok ? [] : [`lockouts: those that are known stay in force, others are not heard of: ${lockouts.health.why}`]),
    ...(finding.degraded === undefined ? [] : [`index: ${finding.degraded}`]),
    ...providersInTrouble(capacity.states()),
  ]
  return {
    ready: items.every(({ ok }) => ok),
    items,
    degraded,
    warnings,
    observed: [...observedUnder(loaded.config.checks), ...capacity.observing],
  }
}

/** How many, not who: whoever can reach the port reads this. */
function providersInTrouble(states: readonly GateState[]): readonly string[] {
  const shut = states.filter(({ circuit }) => circuit !== 'closed').length
  return shut === 0 ? [] : [`providers: ${shut} of ${states.length} circuits are not closed: run ssp breaker list`]
}

/** Lists past their grace, or not to be had at all, refuse whole authorities: that is worth more than a warning. */
function revocationItem({ crls, material }: TrustStore, { sources }: RevocationState, now: number): ReadinessItem {
  const lost = crls.filter((crl) => now > crl.nextUpdate + material.graceMs)
  const missing = material.required && sources.some(({ succeededAt }) => succeededAt === undefined) ? withoutList(material) : []
  const faults = [
    ...(lost.length === 0 ? [] : [`out of date past the grace: ${lost.map(({ issuer }) => issuer).join('; ')}`]),
    ...(missing.length === 0 ? [] : [`not fetched yet: ${missing.map(({ certificate }) => subjectOf(certificate.x509)).join('; ')}`]),
  ]
  return { name: 'revocation', ok: faults.length === 0, detail: faults.length === 0 ? `${crls.length} lists` : faults.join('. ') }
}

function revocationWarnings({ sources, ocspFailure }: RevocationState): readonly string[] {
  const failing = sources.filter(({ failures }) => failures > 0)
  return [
    ...failing.map(({ url, lastFailure }) => `the revocation list at ${url} cannot be fetched: ${lastFailure ?? 'unknown'}`),
    ...(ocspFailure === undefined ? [] : [`the OCSP responder gave no answer that counts: ${ocspFailure}`]),
  ]
}

/** Each named once, though it may stand in several files. */
function endingSoon(certificates: readonly OwnCertificate[], now: number): readonly string[] {
  const soon = certificates.filter(({ notAfter }) => notAfter < now + announceMs)
  return [...new Set(soon.map(({ subject, notAfter }) => `the certificate of ${subject} ends on ${day(notAfter)}`))]
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
