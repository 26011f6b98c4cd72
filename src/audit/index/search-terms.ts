import { slownessOf } from './exchange-columns.ts'
import type { IndexedExchange } from './indexed.ts'
import type { ExchangeSearch } from './search.ts'

/** An exchange with the stored hashes of the NHS numbers that it names. */
export interface SubjectedExchange {
  readonly exchange: IndexedExchange
  readonly subjects: readonly string[]
}

/** What exchanges are found by in the embedded index. Their places here are their numbers in its file. */
const facets = ['exchange', 'trace', 'subject', 'asid', 'organisation', 'rule', 'status', 'origin', 'interaction', 'slow'] as const
type Facet = (typeof facets)[number]

/** How many facets there are: each has a number below this. */
export const facetCount = facets.length
/** The terms of a facet are divided into so many buckets, of which a search reads few. */
export const bucketCount = 64

const numberOf = Object.fromEntries(facets.map((facet, number) => [facet, number])) as Readonly<Record<Facet, number>>

/** A text's term: 32 bits of FNV-1a over its UTF-16 code units. Texts that share one are told apart by the rows. */
function termOf(text: string): number {
  let term = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) term = Math.imul(term ^ text.charCodeAt(at), 0x01000193)
  return term >>> 0
}

/** The term of the longest durations. */
const longest = 0xffff_ffff

/** A duration's term: whole milliseconds, rounded up, so that what is slower has no lower one. */
function durationTerm(milliseconds: number): number {
  return Math.min(Math.max(Math.ceil(milliseconds), 0), longest)
}

/** In which bucket of its facet a term is: texts are spread, statuses and durations stand by their size. */
export function bucketOf(facet: number, term: number): number {
  if (facet === numberOf.slow) return slownessOf(term)
  return facet === numberOf.status ? term % bucketCount : term >>> 26
}

/** Gives each term that the exchange can be found by, with its facet's number. */
export function eachTerm({ exchange: one, subjects }: SubjectedExchange, take: (facet: number, term: number) => void): void {
  const text = (facet: Facet, value: string | undefined): void => {
    if (value !== undefined) take(numberOf[facet], termOf(value))
  }
  text('exchange', one.exchange)
  text('trace', one.traceId)
  for (const subject of subjects) text('subject', subject)
  text('asid', one.from)
  if (one.to !== one.from) text('asid', one.to)
  text('organisation', one.fromOrganisation)
  if (one.toOrganisation !== one.fromOrganisation) text('organisation', one.toOrganisation)
  text('rule', one.rule)
  text('origin', one.origin)
  text('interaction', one.interaction)
  if (one.status !== undefined) take(numberOf.status, one.status)
  if (one.totalMs !== undefined) take(numberOf.slow, durationTerm(one.totalMs))
}

/** One condition of a search: rows with any of the terms of a facet, or with one from `atLeast` on. */
export interface TermCondition {
  readonly facet: number
  readonly terms: readonly number[]
  readonly atLeast?: number
  /** The buckets that hold them, each once, from the first to the last of each range. */
  readonly buckets: readonly (readonly [first: number, last: number])[]
}

/** The conditions of a search, those first that leave few rows. Time is not among them. */
export function conditionsOf(search: ExchangeSearch): readonly TermCondition[] {
  const { exchange, traceId, subjects, asid, organisation, rule, status, origin, interaction, slowerThanMs } = search
  const any = (facet: Facet, terms: readonly number[]): TermCondition => {
    const number = numberOf[facet]
    const buckets = new Set(terms.map((term) => bucketOf(number, term)))
    return { facet: number, terms, buckets: [...buckets].map((bucket) => [bucket, bucket]) }
  }
  const text = (facet: Facet, value: string | undefined) => (value === undefined ? [] : [any(facet, [termOf(value)])])
  return [
    ...text('exchange', exchange),
    ...(subjects === undefined ? [] : [any('subject', subjects.map(termOf))]),
    ...text('trace', traceId?.toLowerCase()),
    ...text('asid', asid),
    ...text('organisation', organisation),
    ...text('rule', rule),
    ...(status === undefined ? [] : [any('status', [status])]),
    ...text('origin', origin),
    ...text('interaction', interaction),
    ...(slowerThanMs === undefined ? [] : [slowerThan(slowerThanMs)]),
  ]
}

function slowerThan(milliseconds: number): TermCondition {
  const facet = numberOf.slow
  const atLeast = durationTerm(milliseconds)
  return { facet, terms: [], atLeast, buckets: [[bucketOf(facet, atLeast), bucketOf(facet, longest)]] }
}

/** Whether the exchange is one that is sought: what decides, once terms have found it. */
export function fulfils({ exchange: one, subjects }: SubjectedExchange, search: ExchangeSearch): boolean {
  const is = <T>(wanted: T | undefined, had: T | undefined, or?: T) => wanted === undefined || wanted === had || wanted === or
  return (
    is(search.exchange, one.exchange) &&
    is(search.traceId?.toLowerCase(), one.traceId) &&
    (search.subjects === undefined || search.subjects.some((subject) => subjects.includes(subject))) &&
    is(search.asid, one.from, one.to) &&
    is(search.organisation, one.fromOrganisation, one.toOrganisation) &&
    is(search.rule, one.rule) &&
    is(search.status, one.status) &&
    is(search.origin, one.origin) &&
    is(search.interaction, one.interaction) &&
    (search.slowerThanMs === undefined || (one.totalMs !== undefined && one.totalMs > search.slowerThanMs)) &&
    (search.since === undefined || one.at >= search.since) &&
    (search.until === undefined || one.at < search.until)
  )
}
