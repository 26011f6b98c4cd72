import type { IndexPart } from './index-part.ts'
import { type GrowingPostings, growingPostings, type Postings } from './postings.ts'
import { eachTerm, facetCount, type SubjectedExchange } from './search-terms.ts'

/** An exchange and its row in its part. */
export interface PlacedExchange {
  readonly row: number
  readonly one: SubjectedExchange
}

/** So many exchanges without outcome are at hand; the oldest go first. */
const mostUnfinished = 8192

/** The newest part, whose postings are in memory until it is full. */
export interface OpenPart extends IndexPart {
  /** Takes an exchange in as this row. */
  add(row: number, one: SubjectedExchange): void
  /** Takes in what the row's exchange can be found by since it is not `before` any more. */
  change(row: number, before: SubjectedExchange, one: SubjectedExchange): void
  /** A forwarded exchange of this id whose outcome has not come, where it is known: the latest are. */
  unfinished(exchange: string): PlacedExchange | undefined
  /** All postings of a facet. */
  facet(number: number): Postings
  /** Takes nothing out, but lets searches go by what began before this time. */
  raise(first: number): void
}

/** Begins a part. */
export function createOpenPart(number: number): OpenPart {
  const facets: readonly GrowingPostings[] = Array.from({ length: facetCount }, growingPostings)
  const times: number[] = []
  const unfinished = new Map<string, PlacedExchange>()
  let [first, last, rows] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
  return {
    number,
    get first() {
      return first
    },
    get last() {
      return last
    },
    get rows() {
      return rows
    },
    facet: (facet) => facets[facet]!.all,
    postings: ({ facet }) => [facets[facet]!.all],
    times: () => Float64Array.from(times),
    add(row, one) {
      const { at } = one.exchange
      while (times.length < row) times.push(Number.NaN)
      times.push(at)
      rows = times.length
      first = Math.min(first, at)
      last = Math.max(last, at)
      eachTerm(one, (facet, term) => facets[facet]!.add(term, row))
      if (one.exchange.end !== 'open') return
      unfinished.set(one.exchange.exchange, { row, one })
      if (unfinished.size <= mostUnfinished) return
      const [oldest] = unfinished.keys()
      if (oldest !== undefined) unfinished.delete(oldest)
    },
    unfinished: (exchange) => unfinished.get(exchange),
    change(row, before, one) {
      unfinished.delete(one.exchange.exchange)
      for (const [facet, term] of newTerms(before, one)) facets[facet]!.add(term, row)
    },
    raise(earliest) {
      first = Math.max(first, earliest)
    },
  }
}

/** What an exchange can be found by now and could not before, as facet and term. */
export function newTerms(before: SubjectedExchange, one: SubjectedExchange): readonly (readonly [facet: number, term: number])[] {
  const known: number[] = []
  eachTerm(before, (facet, term) => known.push(facet * 2 ** 32 + term))
  const more: (readonly [number, number])[] = []
  eachTerm(one, (facet, term) => {
    if (!known.includes(facet * 2 ** 32 + term)) more.push([facet, term])
  })
  return more
}
