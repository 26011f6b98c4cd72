/** Why a machine's hashes of a month could not be computed: it published no key, no secret here opens it, or there is no secret here at all. */
export type MissingKeyReason = 'not published' | 'sealed under another secret' | 'no secret here'

/** Months of a machine whose NHS numbers a search does not find. */
export interface MissingKeys {
  readonly node: string
  /** The oldest first, `2026-11`. */
  readonly periods: readonly string[]
  readonly reason: MissingKeyReason
}

/** Whose NHS numbers a search finds, where machines share an index. Names are their `audit.node`. */
export interface SubjectCover {
  readonly machines: readonly string[]
  readonly missing: readonly MissingKeys[]
  /** More was published than one search takes: the oldest months are left out. */
  readonly more?: true
}

/** One published month, as a search found it: with the reason why its key could not be had, where it could not. */
export interface CoveredMonth {
  readonly node: string
  readonly period: string
  readonly reason: MissingKeyReason | undefined
}

/** The cover of a search at this machine, whose own keys it always has. */
export function subjectCover(machine: string, months: readonly CoveredMonth[]): SubjectCover {
  const missing = Map.groupBy(
    months.filter(({ reason }) => reason !== undefined),
    ({ node, reason }) => `${node}\n${reason}`,
  )
  return {
    machines: [...new Set([machine, ...months.filter(({ reason }) => reason === undefined).map(({ node }) => node)])].sort(),
    missing: [...missing.values()]
      .flatMap(([first, ...others]): MissingKeys[] => {
        if (first?.reason === undefined) return []
        const { node, period, reason } = first
        return [{ node, periods: [...new Set([period, ...others.map((one) => one.period)])].sort(), reason }]
      })
      .sort((one, other) => (one.node < other.node ? -1 : one.node > other.node ? 1 : 0)),
  }
}

const always =
  'Found by NHS number: searches that name it, and requests for structured, care and migrated records. Not found: reads by a provider’s own patient id (Patient/{id} and what is under it), calls recorded before such numbers were kept, and periods whose key is destroyed'

const because: Readonly<Record<MissingKeyReason, string>> = {
  'not published': 'no key for it was published (is index.postgres.subjectSecret set there?)',
  'sealed under another secret': 'the keys for it are sealed under another secret than this machine’s',
  'no secret here': 'this machine has no index.postgres.subjectSecret to open the keys for it with',
}

/** Machines that a note names for each reason; the answer as data has them all. */
const mostNamed = 20
/** Months that are named one by one. */
const mostMonths = 3

/** What a search by NHS number leaves out, said with every one of its answers; without a cover the index is of one machine alone. */
export function subjectNote(cover: SubjectCover | undefined): string {
  if (cover === undefined) return `${always} or on another machine.`
  const { machines, missing, more } = cover
  const reasons = [...new Set(missing.map(({ reason }) => reason))]
  return [
    `${always}. Searched: what was recorded by ${listed(machines)}.`,
    ...reasons.map((reason) => {
      const named = missing.filter((one) => one.reason === reason).map(({ node, periods }) => `${node} (${months(periods)})`)
      return `Not searched: what was recorded by ${listed(named)}: ${because[reason]}.`
    }),
    ...(more === true ? ['More keys were published than one search takes: the oldest months are left out.'] : []),
  ].join(' ')
}

function listed(names: readonly string[]): string {
  const rest = names.length - mostNamed
  return rest > 0 ? `${names.slice(0, mostNamed).join(', ')} and ${rest} more` : names.join(', ')
}

function months(periods: readonly string[]): string {
  return periods.length > mostMonths ? `${periods.length} months from ${periods[0]} to ${periods.at(-1)}` : periods.join(', ')
}
