import { type Count, type Counting, isLive } from './evidence-count.ts'
import { type CountsByRule, countsIn } from './evidence-tally.ts'
import type { HeardStatement } from './shared-evidence.ts'

/** What another node has counted against a suspect, as it last said. */
export interface HeardCounts {
  readonly node: string
  readonly nth: number
  readonly counts: CountsByRule
}

/** What other nodes have said, of the suspects that this node asks about. */
export interface HeardEvidence {
  /** Of one suspect. */
  of(suspect: string): readonly HeardCounts[]
  /** Takes a statement where it is later than what the same run has said before. `now` is monotonic ms. */
  take(statement: HeardStatement, now: number): void
  /** Forgets what counts no more. */
  forgetPast(suspect: string, now: number, rules: ReadonlyMap<string, Counting>): void
  forget(suspect: string): void
}

/** Makes one that has heard nothing, and remembers so many statements at most: beyond it those about whom nothing was heard for longest are forgotten. */
export function createHeardEvidence(most: number): HeardEvidence {
  const suspects = new Map<string, Map<string, HeardCounts>>()
  let size = 0

  function forget(suspect: string): void {
    size -= suspects.get(suspect)?.size ?? 0
    suspects.delete(suspect)
  }

  return {
    forget,
    of: (suspect) => [...(suspects.get(suspect)?.values() ?? [])],
    take({ about, node, run, nth, agoMs, says }, now) {
      const known = suspects.get(about) ?? new Map<string, HeardCounts>()
      if (nth <= (known.get(run)?.nth ?? -1)) return
      const counts = countsIn(says, now - agoMs)
      if (counts === undefined) return
      if (!known.has(run)) size++
      known.set(run, { node, nth, counts })
      suspects.delete(about)
      suspects.set(about, known)
      while (size > most && suspects.size > 1) forget(suspects.keys().next().value as string)
    },
    forgetPast(suspect, now, rules) {
      const known = suspects.get(suspect)
      if (known === undefined) return
      const isPast = ([rule, count]: readonly [string, Count]): boolean => {
        const counting = rules.get(rule)
        return counting === undefined || !isLive(count, now, counting)
      }
      for (const [run, { counts }] of known) if ([...counts].every(isPast) && known.delete(run)) size--
      if (known.size === 0) suspects.delete(suspect)
    },
  }
}
