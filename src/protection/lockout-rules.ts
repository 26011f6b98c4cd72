import type { Suspicion } from '../spine/suspicion.ts'
import type { LockoutRuleSettings, ruleStages } from './lockout-rule-settings.ts'
import { addTo, noSum, type RecentSum, sumAt } from './recent-sum.ts'

/** Whom evidence speaks against: a certificate, or one as far as it speaks for one system. */
export interface Suspect {
  readonly kind: 'certificate' | 'binding'
  readonly value: string
  /** A certificate of many systems, and nothing proves which of them it was: a rule may tell, and no more. */
  readonly onlyObserve: boolean
}

/** One thing that a call has shown. */
export interface Evidence {
  readonly suspicion: Suspicion
  readonly suspect: Suspect
  readonly exchange: string
  /** The party key of the provider that refused, where one did. */
  readonly provider?: string
}

/** What a rule does about a suspect now: `act` is `would`, as far as its stage goes. */
export interface Judgement {
  readonly rule: string
  readonly suspect: Suspect
  readonly would: 'slow' | 'block'
  readonly act: (typeof ruleStages)[number]
  readonly sum: number
  readonly forSeconds: number
  /** The latest exchanges that counted, oldest first. */
  readonly exchanges: readonly string[]
}

/** Counts evidence. */
export interface LockoutRules {
  /** Takes a piece of evidence at a time that does not go back (monotonic ms); what is to be done is told once, and again when it has run out. */
  judge(evidence: Evidence, now: number): readonly Judgement[]
  /** Identities of whom anything is kept. */
  readonly size: number
}

type Rule = LockoutRuleSettings['rules'][number]

/** What is kept about one suspect under one rule: the same few words, however much evidence there is. */
interface Count {
  sum: RecentSum
  /** Refusals by providers, which count once there are enough of them. */
  refusals: RecentSum
  /** The latest refusal by provider (monotonic ms), of the latest few providers. */
  readonly providers: Map<string, number>
  exchanges: readonly string[]
  /** Until when (monotonic ms) each act has been told. */
  readonly toldUntil: { slow: number; block: number }
}

const exchangesKept = 16

/** Makes rules that have seen nothing yet. */
export function createLockoutRules({ rules, providersAtLeast, maxIdentities }: LockoutRuleSettings): LockoutRules {
  /** By certificate or binding, the longest silent first; their two forms have different lengths, so none passes for another. */
  const suspects = new Map<string, Map<Rule, Count>>()

  function countsOf({ value }: Suspect): Map<Rule, Count> {
    const counts = suspects.get(value) ?? new Map<Rule, Count>()
    suspects.delete(value)
    suspects.set(value, counts)
    if (suspects.size > maxIdentities) suspects.delete(suspects.keys().next().value as string)
    return counts
  }

  function take(count: Count, { suspicion, exchange, provider }: Evidence, weight: number, now: number, windowMs: number): number {
    count.exchanges = [...count.exchanges, exchange].slice(-exchangesKept)
    if (suspicion === 'refused-by-provider') {
      count.refusals = addTo(count.refusals, weight, now, windowMs)
      if (provider !== undefined) remember(count.providers, provider, now, providersAtLeast)
    } else count.sum = addTo(count.sum, weight, now, windowMs)
    const refusing = [...count.providers.values()].filter((at) => now - at <= windowMs).length
    const refusals = refusing >= providersAtLeast ? sumAt(count.refusals, now, windowMs) : 0
    return sumAt(count.sum, now, windowMs) + refusals
  }

  return {
    get size() {
      return suspects.size
    },
    judge(evidence, now) {
      const { suspect, suspicion } = evidence
      const counting = rules.filter(({ counts }) => counts[suspicion] !== undefined)
      if (counting.length === 0) return []
      const counts = countsOf(suspect)
      return counting.flatMap((rule): readonly Judgement[] => {
        const count = counts.get(rule) ?? newCount()
        counts.set(rule, count)
        const sum = take(count, evidence, rule.counts[suspicion] ?? 0, now, rule.windowSeconds * 1000)
        const would = sum >= rule.blockAt ? 'block' : sum >= rule.slowAt ? 'slow' : undefined
        if (would === undefined || now < count.toldUntil[would]) return []
        const forSeconds = would === 'block' && rule.stage !== 'slow' ? rule.blockForSeconds : rule.slowForSeconds
        count.toldUntil[would] = now + forSeconds * 1000
        const act = suspect.onlyObserve ? 'observe' : rule.stage === 'block' ? would : rule.stage
        return [{ rule: rule.name, suspect, would, act, sum, forSeconds, exchanges: count.exchanges }]
      })
    },
  }
}

function newCount(): Count {
  return { sum: noSum, refusals: noSum, providers: new Map(), exchanges: [], toldUntil: { slow: 0, block: 0 } }
}

/** Keeps the latest few, the most recent last. */
function remember(providers: Map<string, number>, provider: string, now: number, most: number): void {
  providers.delete(provider)
  providers.set(provider, now)
  if (providers.size > most) providers.delete(providers.keys().next().value as string)
}
