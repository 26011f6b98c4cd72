import type { Origin } from './origin.ts'

/** As what somebody may see an exchange. */
export type ExchangeParty = 'consumer' | 'provider'

/**
 * Rules whose reason tells the consumer of its own request, of its own registration, or of its own limits. Not among them: who is locked out,
 * whose an ASID is, what the directory and the sharing rules say of others, and what is wrong with the proxy or in the provider's house.
 */
const toldToConsumer: ReadonlySet<string> = new Set([
  'wire-form',
  'method',
  'request-form',
  'media-type',
  'sender-interaction',
  'registered-endpoint',
  'interaction-form',
  'access-token',
  'throttle',
])

/** Limits that are the consumer's own, by what their reason begins with: what others may send is none of its business. */
const ownLimit = /^(?:system|organisation) /

/**
 * Whether this party may be told the reason that a rule gave. A reason is written for operators: what is not named here is theirs alone. The
 * provider's is what was found on its own leg: what else ended a call is between the consumer and the proxy.
 */
export function mayBeTold(party: ExchangeParty, rule: string, origin: Origin, reason: string): boolean {
  if (party === 'provider') return rule === 'provider-exchange' && origin.startsWith('provider')
  if (rule === 'throttle' && !ownLimit.test(reason)) return false
  return origin === 'consumer-network' || (origin !== 'proxy' && toldToConsumer.has(rule))
}
