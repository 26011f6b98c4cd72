import { speaksFor } from '../registry/speaks-for.ts'
import type { AccreditedSystem } from '../spine/accredited-system.ts'
import { isRefusal, type Refusal, refuse } from '../spine/refusal.ts'
import { registryOf, type Start } from './check-needs.ts'
import type { Certified } from './client-certificate.ts'
import type { WellFormed } from './request-form.ts'

/** What row 7 proves: the certificate may speak for this system. */
export interface Bound {
  readonly consumer: AccreditedSystem
}

const rule = 'identity-binding'

/** Row 7. An ASID that is unknown, faulty or somebody else's is answered alike, so that the answer tells nothing about the directory (O4). */
export const identityBinding = {
  name: rule,
  summary: 'The certificate is registered for the party key of Ssp-From, or pinned to that ASID.',
  modes: ['enforce'],
  codes: ['BAD_CERTIFICATE', 'REGISTRY_UNAVAILABLE'],
  create: () => decide,
} as const

function decide(start: Start & Certified & WellFormed): Bound | Refusal {
  const registry = registryOf(start, rule)
  if (isRefusal(registry)) return registry
  const { certificate, from } = start
  const found = registry.system(from)
  // Whose own record is set aside has done nothing wrong.
  if (found.kind === 'faulty') return refuse(rule, 'BAD_CERTIFICATE', { reason: `the record of ${from} is set aside: ${found.reason}` })
  if (found.kind === 'unknown') return unbound(`${from} is not in the directory`)
  const { system } = found
  if (speaksFor(certificate, system, registry)) return { consumer: system }
  if (registry.pinsOf(from).length > 0) return unbound(`${from} is pinned to another certificate`)
  return unbound(
    `the certificate's names (${certificate.names.join(', ') || 'none'}) are not registered for ${system.partyKey}, the party key of ${from}`,
  )
}

function unbound(reason: string): Refusal {
  return refuse(rule, 'BAD_CERTIFICATE', { reason, suspicion: 'wrong-asid' })
}
