import type { Evidence, Suspect } from '../protection/lockout-rules.ts'
import type { Registry } from '../registry/registry.ts'
import type { ConsumerCertificate } from '../spine/arrival.ts'
import type { Refusal } from '../spine/refusal.ts'
import type { Suspicion } from '../spine/suspicion.ts'
import type { ExchangeEnd, ExchangeObserver } from './observers.ts'

/**
 * Gathers from ended calls what speaks against the certificate that made them. Only a certificate that is good now can be a suspect, so
 * whoever has none can neither be counted nor make anybody else counted; no header says who it was (R4).
 */
export function lockoutEvidence(registry: () => Registry, tell: (evidence: Evidence) => void): ExchangeObserver {
  return {
    began: () => undefined,
    ended: (end) => {
      const found = suspicionsOf(end)
      if (found.length === 0) return
      const verdict = end.arrival.connection.judge()
      if (verdict.kind !== 'good') return
      const suspect = suspectOf(verdict.certificate, end.consumer?.asid, registry())
      const exchange = end.onRecord ? { exchange: end.arrival.exchange } : {}
      for (const suspicion of found) tell({ suspicion, suspect, ...exchange, ...providerOf(end, suspicion) })
    },
  }
}

/** A supplier's certificate speaks for many: only the system that it proved to speak for (row 7) is suspected, never the others. */
function suspectOf(certificate: ConsumerCertificate, asid: string | undefined, registry: Registry): Suspect {
  if (registry.systemsSpokenFor(certificate) <= 1) return { kind: 'certificate', value: certificate.sha256, onlyObserve: false }
  if (asid === undefined) return { kind: 'certificate', value: certificate.sha256, onlyObserve: true }
  return { kind: 'binding', value: `${certificate.sha256}:${asid}`, onlyObserve: false }
}

function suspicionsOf({ refusal, observed, providerStatus }: ExchangeEnd): readonly Suspicion[] {
  const found = new Set<Suspicion>()
  for (const one of refusal === undefined ? observed : [refusal, ...observed]) {
    const suspicion = one.suspicion ?? (isFraming(one) ? 'malformed-framing' : undefined)
    if (suspicion !== undefined) found.add(suspicion)
  }
  // A provider says that this caller may not: 401, 403. Any other 4xx may be an honest mistake.
  if (providerStatus === 401 || providerStatus === 403) found.add('refused-by-provider')
  return [...found]
}

function isFraming({ rule, code }: Refusal): boolean {
  return rule === 'wire-form' && code === 'MALFORMED_REQUEST'
}

function providerOf({ endpoint }: ExchangeEnd, suspicion: Suspicion): { readonly provider?: string } {
  return suspicion === 'refused-by-provider' && endpoint !== undefined ? { provider: endpoint.partyKey } : {}
}
