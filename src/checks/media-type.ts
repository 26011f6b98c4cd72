import type { WireForm } from '../spine/arrival.ts'
import { findInteraction } from '../spine/interaction-id.ts'
import { type Refusal, refuse } from '../spine/refusal.ts'
import { acceptable, isFhirMediaType } from '../spine/representation.ts'
import { passed, type Start } from './check-needs.ts'
import type { WellFormed } from './request-form.ts'

/** Row 6. For interactions whose form is not known, and for Binary, any media type will do: the provider judges. */
export const mediaType = {
  name: 'media-type',
  summary: 'A body has a media type that the interaction takes, and some answer could satisfy Accept and _format.',
  modes: ['enforce', 'observe'],
  codes: ['UNSUPPORTED_MEDIA_TYPE'],
  create: () => decide,
} as const

function decide({ headers, body, target, interactionId }: Start & WireForm & WellFormed): object | Refusal {
  const interaction = findInteraction(interactionId)
  const anything = interaction === undefined || interaction.binary
  const contentType = headers.get('content-type')
  if (body.kind !== 'none') {
    if (contentType === undefined) return unsupported('Content-Type', 'the request has a body and no Content-Type')
    if (!anything && !isFhirMediaType(contentType)) return unsupported('Content-Type', 'the body must be FHIR JSON or XML')
  }
  if (!acceptable(target.query, headers.get('accept'), anything))
    return unsupported('Accept', 'no FHIR representation, JSON or XML, would satisfy Accept and _format')
  return passed
}

function unsupported(header: string, detail: string): Refusal {
  return refuse('media-type', 'UNSUPPORTED_MEDIA_TYPE', { reason: `${header}: ${detail}` })
}
