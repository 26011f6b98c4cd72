import type { RefusalCode } from '../spine/refusal.ts'

/** A part of the provider's leg that can end an exchange: the rows of the decision table behind the checks. */
export interface ProviderLegPart {
  readonly name: string
  readonly summary: string
  readonly codes: readonly RefusalCode[]
}

/** The rows, in order. */
export const providerLeg: readonly ProviderLegPart[] = [
  {
    name: 'provider-capacity',
    summary: 'The provider has room for the call in time, its circuit is closed, and the call has not come round to this proxy again.',
    codes: ['PROVIDER_BUSY', 'PROVIDER_UNAVAILABLE', 'LOOP_DETECTED'],
  },
  {
    name: 'audit',
    summary: 'The record of the forwarding is on disk.',
    codes: ['AUDIT_UNAVAILABLE'],
  },
  {
    name: 'provider-exchange',
    summary: 'The provider is reached, proves its identity, and answers in time with a valid answer.',
    codes: ['PROVIDER_UNREACHABLE', 'PROVIDER_TIMEOUT'],
  },
]
