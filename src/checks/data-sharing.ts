import { isRefusal, type Refusal, refuse } from '../spine/refusal.ts'
import { registryOf, type Start } from './check-needs.ts'
import type { Bound } from './identity-binding.ts'
import type { Addressed } from './receiver-interaction.ts'
import type { WellFormed } from './request-form.ts'

/** What row 10 found: the rule that decided, whichever way where the check only observes. */
export interface Shared {
  readonly sharingRule?: string
}

/** Row 10: the data-sharing rules; default deny. */
export const dataSharing = {
  name: 'data-sharing',
  summary: 'A data-sharing rule allows this sender and receiver this interaction.',
  modes: ['enforce', 'observe'],
  codes: ['NOT_SHARED', 'REGISTRY_UNAVAILABLE'],
  create: () => decide,
} as const

function decide(start: Start & Bound & Addressed & WellFormed): Shared | Refusal {
  const registry = registryOf(start, 'data-sharing')
  if (isRefusal(registry)) return registry
  const { consumer, provider, interactionId, at } = start
  const { allowed, rule } = registry.sharing(consumer, provider, interactionId, at)
  if (allowed) return { sharingRule: rule }
  return refuse('data-sharing', 'NOT_SHARED', {
    values: { from: consumer.asid, to: provider.asid },
    reason: `data-sharing rule ${rule} denies ${consumer.asid} to ${provider.asid} for ${interactionId}`,
  })
}
