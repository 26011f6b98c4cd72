import type { TrustStore } from './trust-store.ts'

/** Something that ends: a configured authority's certificate, or a revocation list that is due to be replaced. */
export interface Expiry {
  readonly kind: 'certificate' | 'crl'
  /** Whose, on one line. */
  readonly subject: string
  readonly file: string
  /** ms since 1970. */
  readonly at: number
}

/** Everything in the trust store that ends, the soonest first: for gauges and alarms. */
export function expiries(store: Pick<TrustStore, 'certificates' | 'crls'>): readonly Expiry[] {
  const certificates = store.certificates.map(
    ({ subject, file, notAfter }): Expiry => ({ kind: 'certificate', subject, file, at: notAfter }),
  )
  const crls = store.crls.map(({ issuer, file, nextUpdate }): Expiry => ({ kind: 'crl', subject: issuer, file, at: nextUpdate }))
  return [...certificates, ...crls].sort((one, other) => one.at - other.at)
}
