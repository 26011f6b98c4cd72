import type { ForwardingEntry, RefusedEntry } from '../audit/entry.ts'
import type { ExchangeShown } from '../audit/index/lookups.ts'
import { type Selected, senderSelectors } from '../checks/lockout.ts'
import type { Registry } from '../registry/registry.ts'
import { speaksFor } from '../registry/speaks-for.ts'
import type { AccreditedSystem } from '../spine/accredited-system.ts'
import type { ConsumerCertificate } from '../spine/arrival.ts'
import type { LockedOut } from '../state/lockouts.ts'

/** As what somebody may see an exchange. */
export type ExchangeParty = 'consumer' | 'provider'

/** By what it is decided who is a party: as they are now. */
export interface PartyParts {
  readonly registry: Registry
  readonly lockouts: Pick<LockedOut, 'find'>
}

/**
 * As what this certificate may see the exchange by the directory of now; undefined where it may not, or where it is locked out for that system (rows 7a
 * and 9a). Of who is both, the consumer's view holds all of the provider's.
 */
export function partyOfExchange(shown: ExchangeShown, certificate: ConsumerCertificate, parts: PartyParts): ExchangeParty | undefined {
  if (isConsumer(shown, certificate, parts)) return 'consumer'
  return isProvider(shown, certificate, parts) ? 'provider' : undefined
}

/** The certificate speaks for the sender, and the sender was no mere claim: row 7 had passed, or the call came with this very certificate. */
function isConsumer({ exchange, records }: ExchangeShown, certificate: ConsumerCertificate, { registry, lockouts }: PartyParts): boolean {
  const sender = systemOf(exchange.from, exchange.fromOrganisation, registry)
  if (sender === undefined || !speaksFor(certificate, sender, registry)) return false
  if (isLockedOut(lockouts, senderSelectors(certificate.sha256, sender))) return false
  if (exchange.fromOrganisation !== undefined) return true
  const [first] = records.map(({ entry }) => entry as ForwardingEntry | RefusedEntry)
  return first?.consumer?.certificateSha256 === certificate.sha256
}

/** The call was forwarded, and the certificate speaks for the receiver or for the party that holds its endpoint. */
function isProvider({ exchange }: ExchangeShown, certificate: ConsumerCertificate, { registry, lockouts }: PartyParts): boolean {
  const receiver = exchange.forwarded ? systemOf(exchange.to, exchange.toOrganisation, registry) : undefined
  if (receiver === undefined) return false
  const endpoint: readonly Selected[] = exchange.endpoint === undefined ? [] : [['endpoint', exchange.endpoint]]
  if (isLockedOut(lockouts, [...endpoint, ...senderSelectors(certificate.sha256, receiver)])) return false
  if (speaksFor(certificate, receiver, registry)) return true
  const found = registry.endpoint(receiver, exchange.interaction ?? '')
  if (found.kind !== 'found' || found.endpoint.cpaId !== exchange.endpoint) return false
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
