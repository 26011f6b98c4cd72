import type { AccreditedSystem } from '../spine/accredited-system.ts'
import type { ConsumerCertificate } from '../spine/arrival.ts'
import type { Registry } from './registry.ts'

/** Whether a good certificate may speak for this system: it is pinned to the ASID, or, where nothing is, one of its names is registered for the party key (row 7). */
export function speaksFor(
  certificate: Pick<ConsumerCertificate, 'names' | 'sha256' | 'publicKeySha256'>,
  { asid, partyKey }: Pick<AccreditedSystem, 'asid' | 'partyKey'>,
  registry: Pick<Registry, 'pinsOf' | 'partyKeysOf'>,
): boolean {
  const pins = registry.pinsOf(asid)
  // Only what decides is asked for: of a recorded call not all is known.
  if (pins.length > 0) return pins.includes(certificate.sha256) || pins.includes(certificate.publicKeySha256)
  return certificate.names.some((name) => registry.partyKeysOf(name).has(partyKey))
}
