import { z } from 'zod'

const prefix = 'urn:nhs:names:services:gpconnect:'
const mode = z.enum(['enforce', 'observe'])
const seconds = z.number().positive()
const share = z.number().gt(0).max(1)

/** What can differ from provider to provider; the usual values are in `capacitySettings`. */
const ownCapacity = z.strictObject({
  mode: mode.optional(),
  minimumLimit: z.int().positive().optional().describe('Floor of the learned limit.'),
  maximumLimit: z.int().positive().optional().describe('Most calls at a time, whatever is learned.'),
  queueLength: z.int().min(0).optional(),
  queueSeconds: seconds.optional(),
})

/** Settings of how a provider's capacity is learned and shared. Times are in seconds. */
export const capacitySettings = z.strictObject({
  mode: mode
    .default('enforce')
    .describe(
      'observe: the learned limit is told, and records say which calls it would have kept waiting; only connectionsPerProvider holds.',
    ),
  initialLimit: z.int().positive().default(16).describe('Calls at a time that one provider gets until more is known of it.'),
  minimumLimit: z.int().positive().default(4).describe('The learned limit never falls below this.'),
  tolerance: z.number().gt(1).default(2).describe('How many times its usual time an answer may take before the limit falls.'),
  noiseMilliseconds: z.number().positive().default(50).describe('Answers that begin sooner are never taken for a sign of overload.'),
  windowSeconds: seconds.default(1).describe('Over how long samples are gathered before the limit moves.'),
  queueLength: z
    .int()
    .min(0)
    .default(256)
    .describe('Most calls that wait for one provider; one consumer gets no more of them than are left free. 0: nobody waits.'),
  queueSeconds: seconds.default(2).describe('How long a call may wait before it is refused rather than forwarded too late.'),
  waitingInAll: z.int().min(0).default(10_000).describe('Most calls that wait, for all providers together.'),
  consumerShare: share
    .default(0.5)
    .describe(
      'Share of a provider that one consumer may hold while others call it too; one that wants more gives way as soon as answers take longer for it. 1: all, and it need not.',
    ),
  consumers: z
    .record(
      z.string().regex(/^[0-9]{12}$/),
      z.strictObject({
        weight: z.int().min(1).max(100).default(1).describe('Its calls in a round of the queue, where others have one.'),
        guaranteedShare: z.number().min(0).max(1).default(0).describe("Share of every provider's places up to which it comes first."),
      }),
    )
    .default({})
    .describe('Weights and guarantees of single consumers, by ASID.'),
  urgentInteractions: z
    .array(z.string())
    .default(
      ['fhir:rest:create:appointment-1', 'fhir:rest:update:appointment-1', 'fhir:rest:cancel:appointment-1', 'fhir:rest:search:slot-1'].map(
        (one) => prefix + one,
      ),
    )
    .describe('Interactions whose calls come first in a round of the queue.'),
  bulkInteractions: z
    .array(z.string())
    .default(['fhir:operation:gpc.migratestructuredrecord-1', 'documents:fhir:rest:migrate:binary-1'].map((one) => prefix + one))
    .describe('Interactions whose calls come last in a round of the queue.'),
  perProvider: z.record(z.string(), ownCapacity).default({}).describe('Other values for single providers, by host.'),
})

/** Settings of the circuit in front of each provider. Times are in seconds. */
export const breakerSettings = z.strictObject({
  mode: mode.default('enforce').describe('observe: the circuit is told and recorded, and opens only where an operator holds it open.'),
  failureRate: share.default(0.5).describe('Share of failed calls from which on the circuit opens.'),
  minimumCalls: z.int().positive().default(20).describe('Fewer calls than this in the window say nothing.'),
  windowSeconds: seconds.default(30).describe('The sliding window over which the rate is taken.'),
  openSeconds: seconds
    .default(5)
    .describe('How long it stays open at first; twice as long each time that it opens again without a recovery.'),
  longestOpenSeconds: seconds.default(60).describe('The longest that it stays open of itself.'),
  longestRetryAfterSeconds: seconds.default(300).describe("A provider's own Retry-After is heeded up to this."),
  probes: z.int().positive().default(3).describe('Calls let through each probe period while half open; as many that succeed close it.'),
  probeSeconds: seconds.default(2).describe('The probe period: an unanswered probe makes room for another after this.'),
  perProvider: z
    .record(
      z.string(),
      z.strictObject({
        mode: mode.optional(),
        failureRate: share.optional(),
        minimumCalls: z.int().positive().optional(),
        openSeconds: seconds.optional(),
      }),
    )
    .default({})
    .describe('Other values for single providers, by host.'),
})

/** Settings of capacity, as read. */
export type CapacitySettings = z.infer<typeof capacitySettings>

/** Settings of the circuit, as read. */
export type BreakerSettings = z.infer<typeof breakerSettings>
