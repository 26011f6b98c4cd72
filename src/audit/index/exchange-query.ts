import { z } from 'zod'
import { instantOf } from '../../lib/instant.ts'
import { interactions } from '../../spine/interaction-id.ts'
import { isNhsNumber } from '../../spine/nhs-number.ts'
import { origins } from '../../spine/origin.ts'
import { longestPage, readCursor } from './search.ts'

/** A time as an operator names it: ms since 1970, or a date, or a date and time with its zone (ISO 8601). */
export const searchTime = z.union([z.int().min(0), z.string()]).transform((given, context) => {
  const at = typeof given === 'number' ? given : instantOf(given)
  if (at !== undefined) return at
  context.addIssue({ code: 'custom', message: 'must be a date, or a date and time with its zone, as 2026-11-26T09:00Z' })
  return z.NEVER
})
/** A number, or a text that is one, as in a query string: an empty one is not 0. */
const number = <Kind extends z.ZodNumber>(kind: Kind) =>
  z.preprocess((given) => (typeof given === 'string' && given.trim() !== '' ? Number(given) : given), kind)
const whole = (least: number, most: number) => number(z.int().min(least).max(most))
const word = z.string().min(1).max(256)

const page = {
  limit: whole(1, longestPage).default(50),
  after: z
    .string()
    .transform((text, context) => {
      const cursor = readCursor(text)
      if (cursor !== undefined) return cursor
      context.addIssue({ code: 'custom', message: 'is not what an earlier page gave as `next`' })
      return z.NEVER
    })
    .optional(),
}
const range = { since: searchTime.optional(), until: searchTime.optional() }

/** The whole id of an interaction that is named by its end, as `getstructuredrecord-1`; undefined where several or none end so. */
function wholeInteraction(name: string): string | undefined {
  if (name.includes('urn:')) return name
  const found = [...interactions.keys()].filter((id) => id.endsWith(name) && /[:.]/.test(id.at(-name.length - 1) ?? ''))
  return found.length === 1 ? found[0] : undefined
}

/** A search for exchanges as an operator puts it. Times are ISO 8601, or ms since 1970. */
export const exchangeQuery = z.strictObject({
  exchange: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits')
    .optional(),
  traceId: word.optional(),
  asid: word.optional(),
  organisation: word.optional(),
  interaction: word
    .transform((name, context) => {
      const id = wholeInteraction(name)
      if (id !== undefined) return id
      context.addIssue({ code: 'custom', message: 'names no interaction, or several: give the whole id' })
      return z.NEVER
    })
    .optional(),
  rule: word.optional(),
  origin: z.enum(origins).optional(),
  status: whole(0, 999).optional(),
  slowerThanMs: number(z.number().min(0).max(86_400_000)).optional(),
  nhsNumber: z
    .string()
    .transform((text) => text.replaceAll(/[ -]/g, ''))
    .refine(isNhsNumber, 'is no NHS number: ten digits, the last of them the check digit')
    .optional(),
  /** What names people is shown as well. */
  personal: z.boolean().optional(),
  ...range,
  ...page,
})

/** A search for exchanges, read. */
export type ExchangeQuery = z.infer<typeof exchangeQuery>

/** A search for operations and floods as an operator puts it. */
export const eventQuery = z.strictObject({
  type: z.enum(['operation', 'flood']).optional(),
  actor: z.string().min(1).max(1024).optional(),
  act: word.optional(),
  ...range,
  ...page,
})

/** A search for operations and floods, read. */
export type EventQuery = z.infer<typeof eventQuery>
