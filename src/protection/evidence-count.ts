import { addTo, noSum, type RecentSum, sumAt } from './recent-sum.ts'

/** What a rule comes to: it slows down, or blocks. */
export type RuleAct = 'slow' | 'block'

/** How far a rule goes, the least first. */
export const ruleStages = ['observe', 'slow', 'block'] as const

/** How far a rule goes: it says what it would do; it slows down; it blocks. */
export type RuleStage = (typeof ruleStages)[number]

/** A piece of evidence as far as it is counted. */
export interface Countable {
  /** Absent where no record has it. */
  readonly exchange: string | undefined
  /** It is a provider's refusal, which counts once enough of them have refused. */
  readonly refusal: boolean
  /** The party key of that provider. */
  readonly provider: string | undefined
}

/** What one node has counted against one suspect under one rule: the same few words, however much evidence there is. All times are monotonic ms of this node's clock, whoever counted. */
export interface Count {
  sum: RecentSum
  refusals: RecentSum
  /** The latest refusal by provider, of the latest few providers, the most recent last. */
  readonly providers: Map<string, number>
  /** The latest exchanges that counted and are on record, oldest first. */
  exchanges: readonly (readonly [exchange: string, at: number])[]
  /** Until when what the rule comes to has been done. */
  readonly actedUntil: Record<RuleAct, number>
  /** How far the rule goes at whoever counted: what was only observed is not done for those who would act. */
  readonly stage: RuleStage
}

/** A rule as far as counting goes. */
export interface Counting {
  readonly windowMs: number
  /** Of how many providers refusals must come within the window. */
  readonly providersAtLeast: number
}

/** Exchanges that a node remembers of each suspect and rule. */
export const exchangesKept = 16
/** Exchanges that are named of all nodes together: as many as a lockout may have. */
const exchangesNamed = 32

/** Nothing yet. */
export function newCount(stage: RuleStage): Count {
  return { sum: noSum, refusals: noSum, providers: new Map(), exchanges: [], actedUntil: { slow: 0, block: 0 }, stage }
}

/** Adds a piece of evidence, at a time that does not go back. */
export function countIn(count: Count, found: Countable, weight: number, now: number, { windowMs, providersAtLeast }: Counting): void {
  if (found.exchange !== undefined) count.exchanges = [...count.exchanges, [found.exchange, now] as const].slice(-exchangesKept)
  if (!found.refusal) count.sum = addTo(count.sum, weight, now, windowMs)
  else {
    count.refusals = addTo(count.refusals, weight, now, windowMs)
    if (found.provider !== undefined) remember(count.providers, found.provider, now, providersAtLeast)
  }
}

/** What several nodes have counted comes to. Pure. */
export function sumOf(counts: Iterable<Count>, now: number, { windowMs, providersAtLeast }: Counting): number {
  const refusing = new Set<string>()
  let sum = 0
  let refusals = 0
  for (const count of counts) {
    sum += sumAt(count.sum, now, windowMs)
    refusals += sumAt(count.refusals, now, windowMs)
    for (const [provider, at] of count.providers) if (now - at <= windowMs) refusing.add(provider)
  }
  return sum + (refusing.size >= providersAtLeast ? refusals : 0)
}

/** Whether anything of it still counts, or may come to count. Pure. */
export function isLive({ sum, refusals }: Count, now: number, { windowMs }: Counting): boolean {
  return sumAt(sum, now, windowMs) > 0 || sumAt(refusals, now, windowMs) > 0
}

/** Whether somebody whose rule goes as far as this has done what the rule comes to. Pure. */
export function isActed(act: RuleAct, counts: readonly Count[], stage: RuleStage, now: number): boolean {
  const here = ruleStages.indexOf(stage)
  return counts.some((one) => now < one.actedUntil[act] && ruleStages.indexOf(one.stage) >= here)
}

/** The exchanges by which they came to it, oldest first: the latest of each node, then the next of each, as many as may be named. Pure. */
export function exchangesOf(counts: readonly Count[]): readonly string[] {
  const byNode = counts.map(({ exchanges }) => exchanges.toReversed())
  const longest = Math.max(0, ...byNode.map(({ length }) => length))
  const turns = Array.from({ length: longest }, (_, nth) => byNode.flatMap((of) => of.slice(nth, nth + 1)))
  const named = turns.flat().slice(0, exchangesNamed)
  return named.sort(([, one], [, other]) => one - other).map(([exchange]) => exchange)
}

function remember(providers: Map<string, number>, provider: string, now: number, most: number): void {
  providers.delete(provider)
  providers.set(provider, now)
  if (providers.size > most) providers.delete(providers.keys().next().value as string)
}
