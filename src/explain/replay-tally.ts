import { isCheck, type RecordedCall, type RecordedRefusal } from './recorded-call.ts'
import type { Replayed } from './replay-call.ts'

/** Calls of one consumer whose decision changes in one way. */
export interface ReplayGroup {
  /** `Ssp-From`; absent where nobody proved to be it. */
  readonly from?: string
  /** The organisation that was proven to call. */
  readonly organisation?: string
  /** What decided then; absent where the checks let it pass. */
  readonly before?: ReplayedBy
  /** What decides now; absent where the checks let it pass. */
  readonly now?: ReplayedBy
  readonly count: number
  /** Times of the first and the last of them, ms since 1970. */
  readonly first: number
  readonly last: number
  /** Ids of the first of them. */
  readonly exchanges: readonly string[]
}

/** By what a call is refused. */
export type ReplayedBy = Pick<RecordedRefusal, 'rule' | 'code' | 'status'>

/** What a replay came to. */
export interface ReplayReport {
  /** Calls that were decided again. */
  readonly calls: number
  /** Passed the checks then, refused now. */
  readonly refused: readonly ReplayGroup[]
  /** Refused by a check then, pass now. */
  readonly passed: readonly ReplayGroup[]
  /** Refused by another rule than then. */
  readonly otherwise: readonly ReplayGroup[]
  /** How many calls passed now without a check that had not been reached then and asks for what is not recorded, by check. */
  readonly unjudged: Readonly<Record<string, number>>
  /** Refused calls of which only the number was recorded (flood rule): not decided again. */
  readonly onlyCounted: number
  /** Calls whose URL and claims can no longer be read: decided by the rest. */
  readonly sealed: number
}

/** Ids that are kept of a group. */
const mostIds = 20
/** Groups are of consumers of the directory, and far fewer; whoever finds a way to make more may not fill the memory. */
const mostGroups = 100_000

type Growing = { -readonly [Key in keyof ReplayGroup]: ReplayGroup[Key] } & { exchanges: string[] }

/** Counts what comes of calls; in memory by how many consumers there are, not by how many calls. */
export interface ReplayTally {
  add(call: RecordedCall, replayed: Replayed): void
  onlyCounted(count: number): void
  report(): ReplayReport
}

/** A tally of nothing. */
export function createReplayTally(): ReplayTally {
  const kinds = { refused: new Map<string, Growing>(), passed: new Map<string, Growing>(), otherwise: new Map<string, Growing>() }
  const unjudged: Record<string, number> = {}
  let calls = 0
  let onlyCounted = 0
  let sealed = 0

  function count(
    groups: Map<string, Growing>,
    call: RecordedCall,
    then: RecordedRefusal | undefined,
    now: RecordedRefusal | undefined,
  ): void {
    const { exchange, at, organisation, request } = call
    // A name that nobody has proven to be is not counted by: anybody can write any.
    const from = organisation === undefined && now !== undefined ? undefined : request.from
    const key = [from, then?.rule, then?.code, now?.rule, now?.code].join(' ')
    const known = groups.get(key)
    if (known === undefined) {
      if (groups.size < mostGroups)
        groups.set(key, {
          ...(from !== undefined && { from }),
          ...(organisation !== undefined && { organisation }),
          ...(then !== undefined && { before: by(then) }),
          ...(now !== undefined && { now: by(now) }),
          ...{ count: 1, first: at, last: at, exchanges: [exchange] },
        })
      return
    }
    known.count++
    known.last = Math.max(known.last, at)
    known.first = Math.min(known.first, at)
    if (known.exchanges.length < mostIds) known.exchanges.push(exchange)
  }

  return {
    add(call, { refusal, unjudged: notJudged }) {
      calls++
      if (call.personal === undefined) sealed++
      const then = call.refused
      const passedThen = then === undefined || !isCheck(then.rule)
      if (refusal === undefined) {
        if (passedThen) return
        count(kinds.passed, call, then, undefined)
        for (const check of notJudged) unjudged[check] = (unjudged[check] ?? 0) + 1
      } else if (passedThen) count(kinds.refused, call, then, refusal)
      else if (refusal.rule !== then.rule) count(kinds.otherwise, call, then, refusal)
    },
    onlyCounted(more) {
      onlyCounted += more
    },
    report() {
      const sorted = (groups: ReadonlyMap<string, Growing>) => [...groups.values()].toSorted((a, b) => b.count - a.count)
      const { refused, passed, otherwise } = kinds
      return { calls, refused: sorted(refused), passed: sorted(passed), otherwise: sorted(otherwise), unjudged, onlyCounted, sealed }
    },
  }
}

function by({ rule, code, status }: RecordedRefusal): ReplayedBy {
  return { rule, code, status }
}
