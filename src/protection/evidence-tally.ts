import { z } from 'zod'
import { type Count, type Counting, exchangesKept, isLive, ruleStages } from './evidence-count.ts'
import { addTo, type RecentSum } from './recent-sum.ts'

/** Ages in ms as of when it was said; clocks of nodes have nothing in common but their pace. */
const age = z.number().min(0)
const agedSum = z.tuple([age, z.number().min(0), z.number().min(0)])
/** Longer than any party key in use: one that is longer is not told, so that it spoils nothing else. */
const longestPartyKey = 300

/** What one node says of one suspect, rule by rule. */
const tally = z.strictObject({
  rules: z
    .array(
      z.strictObject({
        /** As `countingName` has it: a rule that counts otherwise, as during a change of settings, is another one. */
        rule: z.string().max(300),
        sum: agedSum,
        refusals: agedSum,
        providers: z.array(z.tuple([z.string().max(longestPartyKey), age])).max(16),
        exchanges: z.array(z.tuple([z.string().max(64), age])).max(exchangesKept),
        /** For how long still what the rule comes to has been done: slowed down, blocked. */
        acted: z.tuple([age, age]),
        /** How far the rule goes there. */
        stage: z.enum(ruleStages),
      }),
    )
    .max(32),
})

/** Counts by the rule that they are of. */
export type CountsByRule = ReadonlyMap<string, Count>

/** What makes two rules count alike; at what sums they act may differ. Pure. */
export function countingName(rule: {
  readonly name: string
  readonly counts: Readonly<Record<string, number | undefined>>
  readonly windowSeconds: number
}): string {
  const counts = Object.entries(rule.counts).sort(([one], [other]) => (one < other ? -1 : 1))
  return [rule.name, rule.windowSeconds, ...counts.map(([kind, weight]) => `${kind}=${weight}`)].join(' ')
}

/** What is said of these counts; rules under which nothing counts any more are left out. Pure. */
export function tallyText(counts: Iterable<readonly [rule: string, count: Count, counting: Counting]>, now: number): string {
  const rules = [...counts]
    .filter(([, count, counting]) => isLive(count, now, counting))
    .map(([rule, { sum, refusals, providers, exchanges, actedUntil, stage }, { windowMs }]) => ({
      rule,
      sum: aged(sum, now, windowMs),
      refusals: aged(refusals, now, windowMs),
      providers: [...providers]
        .filter(([provider, at]) => now - at <= windowMs && provider.length <= longestPartyKey)
        .map(([provider, at]) => [provider, wholeMs(now - at)]),
      exchanges: exchanges.map(([exchange, at]) => [exchange, wholeMs(now - at)]),
      acted: [wholeMs(actedUntil.slow - now), wholeMs(actedUntil.block - now)],
      stage,
    }))
  return JSON.stringify({ rules })
}

/** The counts of a tally that was made at `then`, by this node's clock; undefined where the text is none. Pure. */
export function countsIn(text: string, then: number): CountsByRule | undefined {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    return undefined
  }
  const read = tally.safeParse(content)
  if (!read.success) return undefined
  return new Map(
    read.data.rules.map(({ rule, sum, refusals, providers, exchanges, acted, stage }): readonly [string, Count] => [
      rule,
      {
        sum: dated(sum, then),
        refusals: dated(refusals, then),
        providers: new Map(providers.map(([provider, ago]) => [provider, then - ago])),
        exchanges: exchanges.map(([exchange, ago]) => [exchange, then - ago]),
        actedUntil: { slow: then + acted[0], block: then + acted[1] },
        stage,
      },
    ]),
  )
}

/** As of now: a sum that nothing was added to for long says so. */
function aged(sum: RecentSum, now: number, windowMs: number): readonly [number, number, number] {
  const { began, current, previous } = addTo(sum, 0, now, windowMs)
  return [wholeMs(now - began), current, previous]
}

function wholeMs(milliseconds: number): number {
  return Math.max(0, Math.round(milliseconds))
}

function dated([ago, current, previous]: z.infer<typeof agedSum>, then: number): RecentSum {
  return { began: then - ago, current, previous }
}
