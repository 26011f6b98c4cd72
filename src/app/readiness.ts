import type { AuditTrail } from '../audit/audit-trail.ts'
import type { Clock } from '../lib/clock.ts'
import type { Readiness, ReadinessItem } from '../ops/ops-parts.ts'
import { observedUnder } from '../proxy/admission.ts'
import type { Materials } from './materials.ts'

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
  readonly audit: AuditTrail
  readonly draining: boolean
  readonly lastReload: LastReload
}

/** Certificates and lists that end within this time are announced. */
const announceMs = 30 * 86_400_000
/** A list is renewed far more often than a certificate. */
const announceListMs = 86_400_000

/** Whether calls would be forwarded now, and what an operator should see to. */
export function readinessOf({ materials, audit, draining, lastReload }: ReadinessView, clock: Clock): Readiness {
  const { trust, registry, server, client, loaded } = materials
  const now = clock.now()
  const { writable, reason } = audit.health
  const lost = trust.crls.filter((crl) => now > crl.nextUpdate + loaded.config.trust.crlGraceSeconds * 1000)
  const items: readonly ReadinessItem[] = [
    { name: 'running', ok: !draining, detail: draining ? 'draining: no new calls are taken' : 'calls are taken' },
    { name: 'audit', ok: writable, detail: writable ? `${audit.open} exchanges are open` : (reason ?? 'not writable') },
    {
      name: 'registry',
      ok: true,
      detail: `version ${registry.version}: ${registry.counts.systems} systems, ${registry.counts.endpoints} endpoints, ${registry.counts.faulty} records set aside`,
    },
    {
      name: 'revocation',
      ok: lost.length === 0,
      detail:
        lost.length === 0 ? `${trust.crls.length} lists` : `out of date past the grace: ${lost.map(({ issuer }) => issuer).join('; ')}`,
    },
    { name: 'server-certificate', ok: server.notAfter > now, detail: `until ${day(server.notAfter)}` },
    { name: 'client-certificate', ok: client.notAfter > now, detail: `until ${day(client.notAfter)}` },
  ]
  const warnings = [
    ...trust.warnings,
    ...trust.crls
      .filter((crl) => crl.nextUpdate < now + announceListMs)
      .map((crl) => `the revocation list of ${crl.issuer} is due at ${new Date(crl.nextUpdate).toISOString()}`),
    ...[...trust.certificates, server, client]
      .filter(({ notAfter }) => notAfter < now + announceMs)
      .map(({ subject, notAfter }) => `the certificate of ${subject} ends on ${day(notAfter)}`),
    ...(registry.counts.faulty > 0 ? [`${registry.counts.faulty} records of the registry are set aside: run ssp registry lint`] : []),
    ...(lastReload.ok ? [] : [`the last reload was refused (${new Date(lastReload.at).toISOString()}): ${lastReload.detail}`]),
    ...Object.entries(loaded.config.forwarding.dialOverrides).map(
      ([host, address]) => `${host} is dialled at ${address}, past the dial guard (forwarding.dialOverrides)`,
    ),
  ]
  return { ready: items.every(({ ok }) => ok), items, warnings, observed: observedUnder(loaded.config.checks) }
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
