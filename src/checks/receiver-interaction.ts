import type { AccreditedSystem, ProviderEndpoint } from '../spine/accredited-system.ts'
import { isRefusal, type Refusal, refuse } from '../spine/refusal.ts'
import { registryOf, type Start } from './check-needs.ts'
import type { WellFormed } from './request-form.ts'

/** What row 9 proves: there is one registered endpoint for this interaction at this receiver. */
export interface Addressed {
  readonly provider: AccreditedSystem
  readonly endpoint: ProviderEndpoint
}

const rule = 'receiver-interaction'

/** Row 9. "Not registered" is kept apart from "the record cannot be trusted now". */
export const receiverInteraction = {
  name: rule,
  summary: 'The receiving system is known and has a registered endpoint for this interaction.',
  modes: ['enforce'],
  codes: ['BAD_REQUEST', 'RECEIVER_NOT_ACCREDITED', 'REGISTRY_UNAVAILABLE'],
  create: () => decide,
} as const

function decide(start: Start & WellFormed): Addressed | Refusal {
  const registry = registryOf(start, rule)
  if (isRefusal(registry)) return registry
  const { to, interactionId } = start
  const receiver = registry.system(to)
  switch (receiver.kind) {
    case 'unknown':
      return refuse(rule, 'BAD_REQUEST', {
        reason: `Ssp-To ${to} is not in the directory`,
        faults: [{ header: 'Ssp-To', detail: 'Ssp-To is not the ASID of a system in the directory' }],
      })
    case 'faulty':
      return refuse(rule, 'REGISTRY_UNAVAILABLE', { reason: `the record of ${to} is set aside: ${receiver.reason}` })
  }
  const provider = receiver.system
  const found = registry.endpoint(provider, interactionId)
  switch (found.kind) {
    case 'found':
      return { provider, endpoint: found.endpoint }
    case 'faulty':
      return refuse(rule, 'REGISTRY_UNAVAILABLE', { reason: `the endpoint of ${to} for ${interactionId} is set aside: ${found.reason}` })
    case 'none':
      return refuse(rule, 'RECEIVER_NOT_ACCREDITED', {
        values: { to },
        reason: `party key ${provider.partyKey} of ${to} has no endpoint for ${interactionId}`,
      })
  }
}
