import { findInteraction, type Interaction } from '../spine/interaction-id.ts'
import { type Refusal, refuse } from '../spine/refusal.ts'
import { passed, type Start } from './check-needs.ts'
import type { UnderRoot } from './registered-endpoint.ts'
import type { WellFormed } from './request-form.ts'

/** What row 12 found: the interaction, where its form is known. */
export interface Recognised {
  readonly interaction?: Interaction
}

/**
 * Row 12: an id that says "read" may not carry a write (P8). HEAD, where it is forwarded at all, is the GET whose answer has no body (RFC 9110, 9.3.2). An interaction
 * whose form is not known passes, and is counted.
 */
export const interactionForm = {
  name: 'interaction-form',
  summary: 'Method and path are those of the interaction, where its form is known.',
  modes: ['enforce', 'observe'],
  codes: ['BAD_REQUEST'],
  create: () => decide,
} as const

function decide({ method, pathUnderRoot, interactionId }: Start & UnderRoot & WellFormed): Recognised | Refusal {
  const interaction = findInteraction(interactionId)
  if (interaction === undefined) return passed
  const asked = method === 'HEAD' ? 'GET' : method
  if (asked === interaction.method && interaction.path.test(pathUnderRoot)) return { interaction }
  const detail = `${interactionId} is ${interaction.method} ${interaction.template} under the service root`
  return refuse('interaction-form', 'BAD_REQUEST', {
    reason: `${detail}; the request is ${method} of another form`,
    faults: [{ header: 'Ssp-InteractionID', detail }],
  })
}
