import { LRUCache } from 'lru-cache'
import type { Metrics } from '../metrics/metrics.ts'

/** A certificate from our own files. */
export interface OwnCertificate {
  /** The subject's common name or the whole DN; of a machine or an authority, never of a person. */
  readonly subject: string
  /** Last moment of validity, ms since 1970. */
  readonly notAfter: number
}

/** `ssp_certificate_expiry_timestamp_seconds{role, subject}` for every certificate in use, with a bounded number of lines. */
export interface ExpiryGauges {
  /** Replaces the lines of this role by these; of several with one subject, the first to expire counts. */
  own(role: 'server' | 'client' | 'anchor' | 'operators', certificates: readonly OwnCertificate[]): void
  /** A consumer's or provider's certificate as a connection showed it. Only a registered name gets a line. Fit for every connection. */
  peer(role: 'consumer' | 'provider', fqdn: string, notAfter: number): void
  /** An operator's certificate, shown by the start of its SHA-256: its subject may be a person. */
  operator(sha256: string, notAfter: number): void
}

/** Lines for at most `capacity` peers of each role, the least recently seen going first; the others are counted in `ssp_certificate_expiry_overflow_total{role}`. */
export function createExpiryGauges(metrics: Metrics, isRegistered: (fqdn: string) => boolean, capacity = 1_000): ExpiryGauges {
  const labelNames = ['role', 'subject'] as const
  const gauge = metrics.gauge(
    'ssp_certificate_expiry_timestamp_seconds',
    'When a certificate in use expires, in seconds since 1970.',
    labelNames,
  )
  const overflow = metrics.counter(
    'ssp_certificate_expiry_overflow_total',
    'Certificates seen that have no expiry line, or whose line made room for another.',
    ['role'],
  )
  const owned = new Map<string, ReadonlySet<string>>()
  const peers = { consumer: lines('consumer'), provider: lines('provider'), operator: lines('operator') }

  function lines(role: string): { see(subject: string, notAfter: number): void; refuse(): void } {
    const overflowing = overflow.labels(role)
    overflowing.inc(0)
    const shown = new LRUCache<string, number>({
      max: capacity,
      dispose: (_notAfter, subject, reason) => {
        if (reason !== 'evict') return
        gauge.remove({ role, subject })
        overflowing.inc()
      },
    })
    return {
      see(subject, notAfter) {
        if (shown.get(subject) === notAfter) return
        shown.set(subject, notAfter)
        gauge.set({ role, subject }, notAfter / 1000)
      },
      refuse: () => overflowing.inc(),
    }
  }

  return {
    own(role, certificates) {
      const earliest = new Map<string, number>()
      for (const { subject, notAfter } of certificates)
        earliest.set(subject, Math.min(notAfter, earliest.get(subject) ?? Number.POSITIVE_INFINITY))
      for (const subject of owned.get(role) ?? []) if (!earliest.has(subject)) gauge.remove({ role, subject })
      for (const [subject, notAfter] of earliest) gauge.set({ role, subject }, notAfter / 1000)
      owned.set(role, new Set(earliest.keys()))
    },
    peer(role, fqdn, notAfter) {
      const subject = fqdn.toLowerCase()
      if (isRegistered(subject)) peers[role].see(subject, notAfter)
      else peers[role].refuse()
    },
    operator: (sha256, notAfter) => peers.operator.see(sha256.slice(0, 16), notAfter),
  }
}
