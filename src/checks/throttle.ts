import type { Clock } from '../lib/clock.ts'
import type { Allowances, Holding, Want } from '../protection/allowances.ts'
import { type Dimension, limitsInForce } from '../protection/limits-in-force.ts'
import type { PartyLimit, Standing } from '../protection/party-limit.ts'
import type { ThrottleSettings } from '../protection/throttle-settings.ts'
import type { WireForm } from '../spine/arrival.ts'
import { type Refusal, refuse } from '../spine/refusal.ts'
import type { Start } from './check-needs.ts'
import type { Certified } from './client-certificate.ts'
import type { Bound } from './identity-binding.ts'
import type { Addressed } from './receiver-interaction.ts'
import type { WellFormed } from './request-form.ts'

/** What row 14 proves: the call is within its limits. What it holds of them is given back by the exchange, whatever becomes of it. */
export interface Rated {
  readonly holding?: Holding
  /** Limits that are only observed and were passed beyond, as they would have refused. */
  readonly beyond?: readonly Refusal[]
}

/** The parts that row 14 takes. What is taken outlives a reload of the settings. */
export interface ThrottleNeeds {
  readonly settings: { readonly throttle: ThrottleSettings }
  readonly allowances: Allowances
  readonly clock: Clock
}

type Evidence = Start & WireForm & Certified & WellFormed & Bound & Addressed

/** Row 14: every party is one that its certificate or the directory has proven by now, so nobody can use up what is another's. */
export const throttle = {
  name: 'throttle',
  summary: 'The call is within the rates, the calls at once and the bytes of its sender, its receiver and its interaction.',
  modes: ['enforce', 'observe'],
  codes: ['TOO_MANY_REQUESTS'],
  create: ({ settings: { throttle: settings }, allowances, clock }: ThrottleNeeds) => {
    const inForce = limitsInForce(settings)
    return function decide(evidence: Evidence): Rated | Refusal {
      const wants: Want[] = []
      for (const { dimension, observe, usual, overrides } of inForce(clock.now())) {
        const named = overrides.size === 0 ? undefined : overrides.get(namedBy[dimension](evidence))
        const limit: PartyLimit | undefined = named ?? usual
        if (limit !== undefined) wants.push({ dimension, party: partyOf[dimension](evidence), limit, observe })
      }
      const taking = allowances.take(wants, evidence.body.kind === 'length' ? evidence.body.bytes : 0)
      if (!taking.taken) return overLimit(taking.over, wants, taking.settles)
      const { beyond } = taking.holding
      return { holding: taking.holding, ...(beyond.length > 0 && { beyond: beyond.map((over) => overLimit(over, wants)) }) }
    }
  },
} as const

/** By what a party is named in the overrides. */
const namedBy: Readonly<Record<Dimension, (evidence: Evidence) => string>> = {
  system: ({ consumer }) => consumer.asid,
  organisation: ({ consumer }) => consumer.odsCode,
  certificate: ({ certificate }) => certificate.sha256,
  provider: ({ provider }) => provider.asid,
  'provider-organisation': ({ endpoint }) => endpoint.odsCode,
  interaction: ({ interactionId }) => interactionId,
  'system-provider': ({ provider }) => provider.asid,
  'system-interaction': ({ interactionId }) => interactionId,
}

/** Who is counted. An ASID always has 12 digits: joined with another name it cannot be taken for another pair. */
const partyOf: typeof namedBy = {
  ...namedBy,
  'system-provider': ({ consumer, provider }) => `${consumer.asid} ${provider.asid}`,
  'system-interaction': ({ consumer, interactionId }) => `${consumer.asid} ${interactionId}`,
}

/** The refusal of whoever is over a limit, with when to come again and the headers of the limit; the want of its dimension tells whose it is. */
export function overLimit(over: Standing, wants: readonly Want[], settles?: Promise<void>): Refusal {
  const want = wants.find(({ dimension }) => dimension === over.dimension)
  return refuse('throttle', 'TOO_MANY_REQUESTS', {
    reason: `${over.dimension} ${want?.party} is over ${quotaText(over, want?.limit)}`,
    headers: ['Retry-After', String(Math.max(1, secondsOf(over.retryAfter))), ...rateHeaders(over)],
    ...(settles !== undefined && { settles }),
  })
}

function quotaText({ kind, quota }: Standing, limit: PartyLimit | undefined): string {
  if (kind === 'requests') return `${limit?.rate?.perSecond} requests a second (burst ${quota})`
  return kind === 'concurrent' ? `${quota} calls at once` : `${quota} bytes of bodies at once`
}

/** Whole seconds, rounded up; what a sum of fractions is off does not make another second. */
function secondsOf(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000 - 1e-6)
}

const units = { requests: '', concurrent: ';qu="concurrent-requests"', bytes: ';qu="content-bytes"' } as const

/**
 * How the caller stands with the limit of which least is left: the headers of the national guide, whose reset counts seconds, and the IETF
 * ones (draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` names quota, unit and window, `RateLimit` what is left of it).
 */
export function rateHeaders({ dimension, kind, quota, window, remaining, reset, retryAfter }: Standing): readonly string[] {
  const seconds = secondsOf(Math.max(reset, retryAfter))
  return [
    'X-Rate-Limit-Limit',
    String(quota),
    'X-Rate-Limit-Remaining',
    String(remaining),
    'X-Rate-Limit-Reset',
    String(seconds),
    'RateLimit-Policy',
    `"${dimension}";q=${quota}${units[kind]}${window === undefined ? '' : `;w=${window}`}`,
    'RateLimit',
    `"${dimension}";r=${remaining};t=${seconds}`,
  ]
}
