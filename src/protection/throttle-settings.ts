import { z } from 'zod'
import { wallClock, weekdays } from './weekly-windows.ts'

const perSecond = z.number().positive().max(1_000_000).describe('Requests a second.')
const burst = z.int().positive().max(10_000_000).describe('Most requests at once after a pause; without it, those of two seconds.')
const concurrent = z.int().positive().describe('Most calls under way at once.')
const bytesInFlight = z.int().positive().describe('Most bytes of bodies of calls under way; one call alone may have more.')
const mode = z
  .enum(['enforce', 'observe'])
  .default('enforce')
  .describe('observe: record and count what would be refused by this limit, and let it pass.')
const time = z.string().regex(/^(?:[01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, HH:MM')

const change = z
  .strictObject({
    scale: z.number().positive().max(1000).optional().describe('Multiplies the rate, its burst and the calls at once.'),
    requestsPerSecond: perSecond.optional(),
    burst: burst.optional(),
    concurrent: concurrent.optional(),
    bytesInFlight: bytesInFlight.optional(),
  })
  .describe('What is different in the window; a number of its own goes before the scale.')
const during = z
  .record(z.string(), change)
  .default({})
  .describe('What is different in windows of `windows`, by their names; where several have begun, the one named first there counts.')

const amount = {
  requestsPerSecond: perSecond.optional(),
  burst: burst.optional(),
  concurrent: concurrent.optional(),
  bytesInFlight: bytesInFlight.optional(),
  during,
}
const override = z.strictObject(amount).describe('In place of all that is usual.')

/** A limit without a default: what it does not name is not limited. */
function limit(what: string, overridden: z.ZodString, by: string) {
  return z
    .strictObject({
      mode,
      ...amount,
      overrides: z.record(overridden, override).default({}).describe(`Other limits, by ${by}.`),
    })
    .prefault({})
    .describe(what)
}

const asid = z.string().regex(/^[0-9]{12}$/, 'must be an ASID of 12 digits')
const ods = z.string().regex(/^[0-9A-Za-z]{1,32}$/, 'must be an ODS code')
const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in 64 lower-case hex digits')
const interaction = z.string().min(1)

const window = z.strictObject({
  days: z.array(z.enum(weekdays)).min(1).describe('On which days it begins.'),
  from: time.describe('When it begins, on the clock on the wall.'),
  to: time.describe('When it ends; at or before `from`, on the next day.'),
})

/** Settings of row 14. */
export const throttleSettings = z
  .strictObject({
    mode: z.enum(['enforce', 'observe']).default('enforce').describe('observe: count who would be refused, and let them pass.'),
    requestsPerSecond: perSecond.default(50).describe('Requests a second of one sending system.'),
    burst: burst.default(100).describe('Most requests of one sending system at once after a pause.'),
    concurrent: concurrent.default(200).describe('Most calls of one sending system under way at once.'),
    bytesInFlight: bytesInFlight
      .optional()
      .describe('Most bytes of bodies of one sending system’s calls under way; one call may have more.'),
    during,
    perSystem: z.record(asid, override).default({}).describe('Other limits for single systems, by ASID.'),
    limits: z
      .strictObject({
        organisation: limit('All systems of one sending organisation together.', ods, 'ODS code'),
        certificate: limit('All that comes with one client certificate.', sha256, 'the certificate’s SHA-256'),
        provider: limit('All calls to one receiving system.', asid, 'its ASID'),
        'provider-organisation': limit('All calls to the endpoints of one organisation.', ods, 'ODS code'),
        interaction: limit('All calls of one interaction together.', interaction, 'interaction'),
        'system-provider': limit('Calls of one sending system to one receiving system.', asid, 'the receiving system’s ASID'),
        'system-interaction': limit('Calls of one interaction by one sending system.', interaction, 'interaction'),
      })
      .prefault({})
      .describe('Further limits; a call must be within every one of them, and a refused one takes nothing of any.'),
    timeZone: z
      .string()
      .refine(isTimeZone, 'must be the name of a time zone, such as Europe/London')
      .default('Europe/London')
      .describe('The clock on the wall that windows go by, summer time included.'),
    windows: z
      .record(z.string().regex(/^[a-z0-9-]{1,64}$/, 'must be lower-case letters, digits and hyphens'), z.array(window).min(1))
      .default({})
      .describe('Named spans of the week, such as surgery hours, in which limits may be others.'),
  })
  .superRefine((settings, context) => {
    for (const { path, names } of windowNames(settings))
      for (const name of names)
        if (!Object.hasOwn(settings.windows, name))
          context.addIssue({ code: 'custom', path: [...path, name], message: 'there is no window of this name in `windows`' })
  })

/** The checked settings of row 14. */
export type ThrottleSettings = z.infer<typeof throttleSettings>

/** What one party may use, as it is set. */
export type Amount = z.infer<typeof override>

function windowNames(settings: {
  readonly during: object
  readonly perSystem: Readonly<Record<string, Amount>>
  readonly limits: Readonly<Record<string, Amount & { readonly overrides: Readonly<Record<string, Amount>> }>>
}): { readonly path: readonly string[]; readonly names: readonly string[] }[] {
  const of = (path: readonly string[], amount: { readonly during: object }) => ({
    path: [...path, 'during'],
    names: Object.keys(amount.during),
  })
  return [
    of([], settings),
    ...Object.entries(settings.perSystem).map(([name, one]) => of(['perSystem', name], one)),
    ...Object.entries(settings.limits).flatMap(([dimension, one]) => [
      of(['limits', dimension], one),
      ...Object.entries(one.overrides).map(([name, other]) => of(['limits', dimension, 'overrides', name], other)),
    ]),
  ]
}

function isTimeZone(name: string): boolean {
  try {
    wallClock(name)
    return true
  } catch {
    return false
  }
}
