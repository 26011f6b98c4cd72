import type { AccreditedSystem, ProviderEndpoint } from '../spine/accredited-system.ts'
import { isRefusal, type Refusal, refuse } from '../spine/refusal.ts'
import type { LockedOut, Lockout, LockoutKind } from '../state/lockouts.ts'
import { passed, registryOf, type Start } from './check-needs.ts'
import type { Certified } from './client-certificate.ts'

/** The parts that the lockout checks take. */
export interface LockoutNeeds {
  readonly lockouts: LockedOut
}

const codes = ['ACCESS_DENIED'] as const
const modes = ['enforce'] as const

/** Row 3: what the certificate itself proves. Claims of the request are looked at only once they are proven (rows 7a and 9a). */
export const lockout = {
  name: 'lockout',
  summary: 'Neither the certificate, nor a party key or organisation that it is registered for, is locked out.',
  modes,
  codes: [...codes, 'REGISTRY_UNAVAILABLE', 'LOCKOUTS_UNKNOWN'],
  create: ({ lockouts }: LockoutNeeds) =>
    function decide(start: Start & Certified): object {
      const { certificate } = start
      const registry = registryOf(start, 'lockout')
      if (isRefusal(registry)) return registry
      if (lockouts.size === 0) return passed
      const named = certificate.names.flatMap((name) => [
        ...[...registry.partyKeysOf(name)].map((value) => ['partyKey', value] as const),
        ...[...registry.organisationsOf(name)].map((value) => ['organisation', value] as const),
      ])
      return refusedIfLocked(lockouts, [['certificate', certificate.sha256], ...named])
    },
} as const

/** Row 7a: the sender, once the certificate has proven that it may speak for it. */
export const lockoutSender = {
  name: 'lockout-sender',
  summary: 'The sending system, its party key and its organisation are not locked out, nor the certificate as far as it speaks for it.',
  modes,
  codes,
  create: ({ lockouts }: LockoutNeeds) =>
    function decide({ consumer, certificate }: Certified & { readonly consumer: AccreditedSystem }): object {
      if (lockouts.size === 0) return passed
      return refusedIfLocked(lockouts, senderSelectors(certificate.sha256, consumer))
    },
} as const

/** Row 9a: the provider. */
export const lockoutEndpoint = {
  name: 'lockout-endpoint',
  summary: "The provider's endpoint, system, party key and organisation are not locked out.",
  modes,
  codes,
  create: ({ lockouts }: LockoutNeeds) =>
    function decide({ endpoint, provider }: { readonly endpoint: ProviderEndpoint; readonly provider: AccreditedSystem }): object {
      if (lockouts.size === 0) return passed
      return refusedIfLocked(lockouts, providerSelectors(endpoint, provider))
    },
} as const

/** One thing that can be locked out. */
export type Selected = readonly [kind: LockoutKind, value: string]

/** What row 7a asks for. */
export function senderSelectors(certificateSha256: string, { asid, partyKey, odsCode }: AccreditedSystem): readonly Selected[] {
  return [
    ['asid', asid],
    ['binding', `${certificateSha256}:${asid}`],
    ['partyKey', partyKey],
    ['organisation', odsCode],
  ]
}

/** What row 9a asks for: whoever is shut out as a consumer is none as a provider either; the endpoint may be another party's than the system's. */
export function providerSelectors(endpoint: ProviderEndpoint, provider: AccreditedSystem): readonly Selected[] {
  return [
    ['endpoint', endpoint.cpaId],
    ['asid', provider.asid],
    ['partyKey', endpoint.partyKey],
    ['partyKey', provider.partyKey],
    ['organisation', endpoint.odsCode],
    ['organisation', provider.odsCode],
  ]
}

/** The refusal of whomever a lockout names, before the call or in its midst. All are called `lockout` outside: which of them it was would tell a caller what is locked. */
export function lockedOut({ id, selector, reason }: Lockout): Refusal {
  return refuse('lockout', 'ACCESS_DENIED', { reason: `locked out by ${id} (${selector.kind}): ${reason}` })
}

function refusedIfLocked(lockouts: LockedOut, selectors: readonly Selected[]): object | Refusal {
  for (const [kind, value] of selectors) {
    const found = lockouts.find(kind, value)
    if (found !== undefined) return lockedOut(found)
  }
  return passed
}
