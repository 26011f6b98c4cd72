import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { Clock } from '../lib/clock.ts'
import { type RateLimit, type RateStatus, takeFromRate } from '../protection/rate.ts'
import { type Refusal, refuse } from '../spine/refusal.ts'
import type { Bound } from './identity-binding.ts'

/** Settings of row 14. */
export const throttleSettings = z.strictObject({
  mode: z.enum(['enforce', 'observe']).default('enforce').describe('observe: count who would be refused, and let them pass.'),
  requestsPerSecond: z.number().positive().default(50).describe('Requests a second of one sending system.'),
  burst: z.int().positive().default(100).describe('Most requests of one sending system at once after a pause.'),
  perSystem: z
    .record(z.string().regex(/^[0-9]{12}$/), z.strictObject({ requestsPerSecond: z.number().positive(), burst: z.int().positive() }))
    .default({})
    .describe('Other limits for single systems, by ASID.'),
})

/** What row 14 found: the sender's standing, for the rate headers of the answer. */
export interface Rated {
  readonly rate?: RateStatus
}

/** The parts that row 14 takes. */
export interface ThrottleNeeds {
  readonly settings: { readonly throttle: z.infer<typeof throttleSettings> }
  readonly clock: Clock
}

/** More systems than this at a time share no memory: the one longest silent is forgotten, and has its burst back by then. */
const systemsKept = 100_000

/** Row 14: a bucket per sending system, whose ASID its certificate has proven (row 7), so nobody can empty another's. */
export const throttle = {
  name: 'throttle',
  summary: 'The sending system is within its request rate.',
  modes: ['enforce', 'observe'],
  codes: ['TOO_MANY_REQUESTS'],
  create: ({ settings: { throttle: settings }, clock }: ThrottleNeeds) => {
    const usual: RateLimit = { perSecond: settings.requestsPerSecond, burst: settings.burst }
    const own = new Map(
      Object.entries(settings.perSystem).map(([asid, one]) => [asid, { perSecond: one.requestsPerSecond, burst: one.burst }]),
    )
    const dues = new LRUCache<string, number>({ max: systemsKept })
    return function decide({ consumer }: Bound): Rated | Refusal {
      const limit = own.get(consumer.asid) ?? usual
      const { status, due } = takeFromRate(limit, dues.get(consumer.asid), clock.elapsed())
      dues.set(consumer.asid, due)
      if (status.allowed) return { rate: status }
      return refuse('throttle', 'TOO_MANY_REQUESTS', {
        reason: `${consumer.asid} is over ${limit.perSecond} requests a second (burst ${limit.burst})`,
        headers: ['Retry-After', String(Math.max(1, Math.ceil(status.retryAfter / 1000))), ...rateHeaders(status)],
      })
    }
  },
} as const

/**
 * The sender's standing as headers: those of the national guide, whose reset counts seconds, and the IETF ones
 * (draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` names the quota and window, `RateLimit` what is left of it).
 */
export function rateHeaders({ limit, remaining, reset, retryAfter }: RateStatus): readonly string[] {
  const window = Math.max(1, Math.ceil(limit.burst / limit.perSecond))
  const seconds = Math.ceil(Math.max(reset, retryAfter) / 1000)
  return [
    'X-Rate-Limit-Limit',
    String(limit.burst),
    'X-Rate-Limit-Remaining',
    String(remaining),
    'X-Rate-Limit-Reset',
    String(seconds),
    'RateLimit-Policy',
    `"system";q=${limit.burst};w=${window}`,
    'RateLimit',
    `"system";r=${remaining};t=${seconds}`,
  ]
}
