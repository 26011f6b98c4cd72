import type { Postings } from './postings.ts'
import type { TermCondition } from './search-terms.ts'

/** A few tens of thousands of exchanges that were taken in one after another. Times are in ms since 1970. */
export interface IndexPart {
  /** Later ones have higher numbers. */
  readonly number: number
  /** No exchange of it began earlier than this, … */
  readonly first: number
  /** … nor later. */
  readonly last: number
  /** Its rows are numbered below this; some may be gone. */
  readonly rows: number
  /** Postings among which are all that the condition names; others may be there too. */
  postings(condition: TermCondition): readonly Postings[]
  /** When each row's exchange began; NaN for some of those that are gone. */
  times(): Float64Array
}

/** Which rows are sought by their times: from `since` on, before `until`, and not after `atMost`, where a page goes on. */
export interface PartRange {
  readonly since: number
  readonly until: number
  readonly atMost: number
}

/**
 * The numbers of the rows of the part that may fulfil all conditions and begin within the range. With more than `few` they are given newest first and with
 * their times; else they are in no order, and their times are for the rows to tell. Terms are shared now and then: the rows decide.
 */
export function rowsFound(
  part: IndexPart,
  conditions: readonly TermCondition[],
  { since, until, atMost }: PartRange,
  few: number,
): { readonly rows: readonly number[]; readonly times?: Float64Array } {
  const rows = fulfilling(part, conditions)
  if (rows.length <= few) return { rows }
  const times = part.times()
  const within = rows.filter((row) => {
    const at = times[row]!
    return at >= since && at < until && at <= atMost
  })
  // Rows stand about in the order of time, which such a sort makes use of.
  return { rows: within.reverse().sort((a, b) => times[b]! - times[a]!), times }
}

/** Row numbers, each once. */
function fulfilling(part: IndexPart, conditions: readonly TermCondition[]): number[] {
  if (conditions.length === 0) return Array.from({ length: part.rows }, (_, row) => row)
  // How many of the conditions, one after another, each row has fulfilled.
  let fulfilled: Uint8Array | undefined
  let found: number[] = []
  for (const [place, condition] of conditions.entries()) {
    found = []
    for (const row of rowsOf(part, condition)) {
      fulfilled ??= new Uint8Array(part.rows)
      if (fulfilled[row] !== place) continue
      fulfilled[row] = place + 1
      found.push(row)
    }
    if (found.length === 0) break
  }
  return found
}

function rowsOf(part: IndexPart, condition: TermCondition): number[] {
  const { terms: wanted, atLeast } = condition
  const [only] = wanted
  const any = new Set(wanted)
  const found: number[] = []
  for (const { terms, rows } of part.postings(condition)) {
    if (atLeast === undefined && only !== undefined && any.size === 1) {
      for (let at = terms.indexOf(only); at !== -1; at = terms.indexOf(only, at + 1)) found.push(rows[at]!)
    } else {
      for (let at = 0; at < terms.length; at += 1) {
        if (atLeast === undefined ? any.has(terms[at]!) : terms[at]! >= atLeast) found.push(rows[at]!)
      }
    }
  }
  return found
}
