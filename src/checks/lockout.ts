import type { AccreditedSystem, ProviderEndpoint } from '../spine/accredited-system.ts'
import { isRefusal, type Refusal, refuse } from '../spine/refusal.ts'
import type { LockoutKind, Lockouts } from '../state/lockouts.ts'
import { passed, registryOf, type Start } from './check-needs.ts'
import type { Certified } from './client-certificate.ts'

/** The parts that the lockout checks take. */
export interface LockoutNeeds {
  readonly lockouts: Lockouts
}

const codes = ['ACCESS_DENIED'] as const
const modes = ['enforce'] as const

/** Row 3: what the certificate itself proves. Claims of the request are looked at only once they are proven (rows 7a and 9a). */
export const lockout = {
  name: 'lockout',
  summary: 'Neither the certificate, nor a party key or organisation that it is registered for, is locked out.',
  modes,
  codes: [...codes, 'REGISTRY_UNAVAILABLE'],
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
  summary: 'The sending system, its party key and its organisation are not locked out.',
  modes,
  codes,
  create: ({ lockouts }: LockoutNeeds) =>
    function decide({ consumer }: { readonly consumer: AccreditedSystem }): object {
      if (lockouts.size === 0) return passed
      return refusedIfLocked(lockouts, [
        ['asid', consumer.asid],
        ['partyKey', consumer.partyKey],
        ['organisation', consumer.odsCode],
      ])
    },
} as const

/** Row 9a: the provider's endpoint. */
export const lockoutEndpoint = {
  name: 'lockout-endpoint',
  summary: "The provider's endpoint is not locked out.",
  modes,
  codes,
  create: ({ lockouts }: LockoutNeeds) =>
    function decide({ endpoint }: { readonly endpoint: ProviderEndpoint }): object {
      if (lockouts.size === 0) return passed
      return refusedIfLocked(lockouts, [['endpoint', endpoint.cpaId]])
    },
} as const

/** All three are called `lockout` outside: which of them it was would tell a caller what is locked. */
function refusedIfLocked(lockouts: Lockouts, selectors: readonly (readonly [LockoutKind, string])[]): object | Refusal {
  for (const [selector, value] of selectors) {
    const found = lockouts.find(selector, value)
    if (found !== undefined)
      return refuse('lockout', 'ACCESS_DENIED', { reason: `locked out by ${found.id} (${selector}): ${found.reason}` })
  }
  return passed
}
