import type { IndexedExchange } from '../audit/index/indexed.ts'
import { type Selected, senderSelectors } from '../checks/lockout.ts'
import type { Registry } from '../registry/registry.ts'
import { speaksFor } from '../registry/speaks-for.ts'
import type { AccreditedSystem } from '../spine/accredited-system.ts'
import type { ConsumerCertificate } from '../spine/arrival.ts'
import type { ExchangeParty } from '../spine/told-to-parties.ts'
import type { LockedOut } from '../state/lockouts.ts'

/** By what it is decided who is a party: as they are now. */
export interface PartyParts {
  readonly registry: Registry
  readonly lockouts: Pick<LockedOut, 'find'>
}

/**
 * As what this certificate may see the exchange by the directory of now; undefined where it may not, or where it is locked out for that system (rows 7a
 * and 9a). Of who is both, the consumer's view holds all of the provider's.
 */
export function partyOfExchange(one: IndexedExchange, certificate: ConsumerCertificate, parts: PartyParts): ExchangeParty | undefined {
  if (isConsumer(one, certificate, parts)) return 'consumer'
  return isProvider(one, certificate, parts) ? 'provider' : undefined
}

/** The certificate speaks for the sender, and the sender was no mere claim: row 7 had passed, or the call came with this very certificate. */
function isConsumer(one: IndexedExchange, certificate: ConsumerCertificate, { registry, lockouts }: PartyParts): boolean {
  const sender = systemOf(one.from, one.fromOrganisation, registry)
  if (sender === undefined || !speaksFor(certificate, sender, registry)) return false
  if (isLockedOut(lockouts, senderSelectors(certificate.sha256, sender))) return false
  return one.fromOrganisation !== undefined || one.told?.certificate === certificate.sha256
}

/** The call was forwarded, and the certificate speaks for the receiver or for the party that holds its endpoint. */
function isProvider(one: IndexedExchange, certificate: ConsumerCertificate, { registry, lockouts }: PartyParts): boolean {
  const receiver = one.forwarded ? systemOf(one.to, one.toOrganisation, registry) : undefined
  if (receiver === undefined) return false
  const endpoint: readonly Selected[] = one.endpoint === undefined ? [] : [['endpoint', one.endpoint]]
  if (isLockedOut(lockouts, [...endpoint, ...senderSelectors(certificate.sha256, receiver)])) return false
  if (speaksFor(certificate, receiver, registry)) return true
  const found = registry.endpoint(receiver, one.interaction ?? '')
  if (found.kind !== 'found' || found.endpoint.cpaId !== one.endpoint) return false
  const { partyKey } = found.endpoint
  // A receiver that is pinned to a certificate is spoken for by no other of its own party.
  if (partyKey === receiver.partyKey) return false
  return certificate.names.some((name) => registry.partyKeysOf(name).has(partyKey))
}

/** The system of this ASID, while it is still that of the organisation that was recorded, where one was. */
function systemOf(asid: string | undefined, organisation: string | undefined, registry: Registry): AccreditedSystem | undefined {
  const found = asid === undefined ? undefined : registry.system(asid)
  if (found?.kind !== 'found') return undefined
  return organisation === undefined || found.system.odsCode === organisation ? found.system : undefined
}

function isLockedOut(lockouts: Pick<LockedOut, 'find'>, selectors: readonly Selected[]): boolean {
  return selectors.some(([kind, value]) => lockouts.find(kind, value) !== undefined)
}
