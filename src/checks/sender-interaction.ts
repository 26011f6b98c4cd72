import { isRefusal, type Refusal, refuse } from '../spine/refusal.ts'
import { passed, registryOf, type Start } from './check-needs.ts'
import type { Bound } from './identity-binding.ts'
import type { WellFormed } from './request-form.ts'

/** Row 8: an interaction on the sender's own record is the right to send it. */
export const senderInteraction = {
  name: 'sender-interaction',
  summary: 'The sending system is accredited to send this interaction.',
  modes: ['enforce'],
  codes: ['SENDER_NOT_ACCREDITED', 'REGISTRY_UNAVAILABLE'],
  create: () => decide,
} as const

function decide(start: Start & Bound & WellFormed): object | Refusal {
  const registry = registryOf(start, 'sender-interaction')
  if (isRefusal(registry)) return registry
  const { consumer, interactionId } = start
  if (consumer.interactions.has(registry.directoryInteraction(interactionId))) return passed
  return refuse('sender-interaction', 'SENDER_NOT_ACCREDITED', {
    values: { from: consumer.asid },
    reason: `${consumer.asid} holds ${consumer.interactions.size} interactions; ${interactionId} is not among them`,
  })
}
