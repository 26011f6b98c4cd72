import type { Suspicion } from '../spine/suspicion.ts'
import type { Count, Counting, RuleAct, RuleStage } from './evidence-count.ts'
import { countIn, exchangesOf, isActed, isLive, newCount, sumOf } from './evidence-count.ts'
import { countingName, tallyText } from './evidence-tally.ts'
import { createHeardEvidence } from './heard-evidence.ts'
import type { LockoutRuleSettings } from './lockout-rule-settings.ts'
import type { HeardStatement, Statement } from './shared-evidence.ts'

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
  /** By whose records it can be found; absent where it has none of its own, as in a flood: it counts all the same. */
  readonly exchange?: string
  /** The party key of the provider that refused, where one did. */
  readonly provider?: string
}

/** What a rule does about a suspect now: `act` is `would`, as far as its stage goes. */
export interface Judgement {
  readonly rule: string
  readonly suspect: Suspect
  readonly would: RuleAct
  readonly act: RuleStage
  readonly sum: number
  readonly forSeconds: number
  /** The latest exchanges that counted, of every node that counted, oldest first. */
  readonly exchanges: readonly string[]
  /** The other nodes that counted. */
  readonly others: readonly string[]
}

/** Counts evidence: this node's own, and what others say of theirs. All times are monotonic ms that do not go back. */
export interface LockoutRules {
  /** Takes a piece of evidence; what is to be done is told once, and again when it has run out. */
  judge(evidence: Evidence, now: number): readonly Judgement[]
  /** Takes what other nodes have said; what is to be done is told as if all of it had been counted here. */
  hear(heard: readonly HeardStatement[], now: number): readonly Judgement[]
  /** What a judgement asked for is done: other nodes need not do it again. */
  acted(judgement: Pick<Judgement, 'rule' | 'suspect' | 'would' | 'forSeconds'>, now: number): void
  /** A node has locked somebody out by a rule: nobody does so again before it runs out, also where it is released. */
  lockedOut(rule: string, suspect: Suspect, act: RuleAct, forMs: number, now: number): void
  /** What other nodes have not been told, so many statements at most, what presses first. */
  tell(most: number, now: number): readonly Statement[]
  /** The statements that were told last have reached the others. */
  told(statements: readonly Statement[], now: number): void
  /** The others may have lost what they were told. */
  tellAll(now: number): void
  /** Suspects of whom others have not been told all. */
  readonly untold: number
  /** It may be that with what the other nodes have not told either somebody is to be slowed down or blocked already. */
  readonly presses: boolean
  /** Identities of whom anything is kept. */
  readonly size: number
}

interface Rule extends Counting {
  readonly settings: LockoutRuleSettings['rules'][number]
  /** What it is called among nodes. */
  readonly counting: string
}

interface OwnCount extends Count {
  /** Until when each act needs no telling. */
  readonly toldUntil: Record<RuleAct, number>
  /** What was counted since other nodes were told, and how much of it is on its way to them. */
  untold: number
  underway: number
}

interface Known {
  /** Made once: each new text of the same words would be looked up anew in every map. */
  readonly key: string
  readonly suspect: Suspect
  readonly counts: Map<Rule, OwnCount>
}

/** Statements of others that are remembered for each identity that may be. */
const heardPerIdentity = 2

/** Names a suspect among nodes. The forms of the kinds differ in length, so none passes for another; what may only be told never helps to lock anybody out. */
export function suspectKey({ kind, value, onlyObserve }: Suspect): string {
  return `${kind}:${value}${onlyObserve ? '?' : ''}`
}

/** Makes rules that have seen nothing yet. */
export function createLockoutRules({ rules: given, providersAtLeast, maxIdentities }: LockoutRuleSettings): LockoutRules {
  const rules = given.map(
    (settings): Rule => ({ settings, counting: countingName(settings), windowMs: settings.windowSeconds * 1000, providersAtLeast }),
  )
  const byCounting = new Map<string, Counting>(rules.map((rule) => [rule.counting, rule]))
  /** By their keys, the longest silent first. */
  const suspects = new Map<string, Known>()
  const heard = createHeardEvidence(heardPerIdentity * maxIdentities)
  const untold = new Set<string>()
  const pressing = new Set<string>()

  function known(suspect: Suspect): Known {
    const name = suspectKey(suspect)
    const one = suspects.get(name) ?? { key: name, suspect, counts: new Map<Rule, OwnCount>() }
    suspects.delete(one.key)
    suspects.set(one.key, one)
    if (suspects.size > maxIdentities) forget(suspects.keys().next().value as string)
    return one
  }

  function forget(key: string): void {
    suspects.delete(key)
    untold.delete(key)
    pressing.delete(key)
    heard.forget(key)
  }

  function countOf({ counts }: Known, rule: Rule): OwnCount {
    const count = counts.get(rule) ?? { ...newCount(rule.settings.stage), toldUntil: { slow: 0, block: 0 }, untold: 0, underway: 0 }
    counts.set(rule, count)
    return count
  }

  /** What the other nodes count under a rule. */
  function heardUnder(rule: Rule, key: string): readonly { readonly node: string; readonly count: Count }[] {
    return heard.of(key).flatMap(({ node, counts }) => {
      const count = counts.get(rule.counting)
      return count === undefined ? [] : [{ node, count }]
    })
  }

  function isDone(act: RuleAct, own: OwnCount, all: readonly Count[], now: number): boolean {
    return now < own.toldUntil[act] || isActed(act, all, own.stage, now)
  }

  function judgeUnder(rule: Rule, one: Known, now: number): readonly Judgement[] {
    const { slowAt, blockAt, stage, blockForSeconds, slowForSeconds, name } = rule.settings
    const own = countOf(one, rule)
    const others = heardUnder(rule, one.key)
    const all = [own, ...others.map(({ count }) => count)]
    const sum = sumOf(all, now, rule)
    const would = sum >= blockAt ? 'block' : sum >= slowAt ? 'slow' : undefined
    if (would === undefined || isDone(would, own, all, now)) return []
    const forSeconds = would === 'block' && stage !== 'slow' ? blockForSeconds : slowForSeconds
    own.toldUntil[would] = now + forSeconds * 1000
    const act = one.suspect.onlyObserve ? 'observe' : stage === 'block' ? would : stage
    const nodes = [...new Set(others.filter(({ count }) => isLive(count, now, rule)).map(({ node }) => node))]
    return [{ rule: name, suspect: one.suspect, would, act, sum, forSeconds, exchanges: exchangesOf(all), others: nodes }]
  }

  function ownUnder(name: string, suspect: Suspect): readonly [Rule, OwnCount] | undefined {
    return [...(suspects.get(suspectKey(suspect))?.counts ?? [])].find(([{ settings }]) => settings.name === name)
  }

  /** As much as this node has not told, each of the others that count against the suspect may not have told either. */
  function isPressing({ key, counts }: Known, now: number): boolean {
    return [...counts].some(([rule, own]) => {
      const others = heardUnder(rule, key).map(({ count }) => count)
      const all = [own, ...others]
      const sum = sumOf(all, now, rule) + own.untold * others.length
      const { slowAt, blockAt } = rule.settings
      return (sum >= slowAt && !isDone('slow', own, all, now)) || (sum >= blockAt && !isDone('block', own, all, now))
    })
  }

  return {
    get size() {
      return suspects.size
    },
    get untold() {
      return untold.size
    },
    get presses() {
      return pressing.size > 0
    },
    judge({ suspect, suspicion, exchange, provider }, now) {
      const counting = rules.filter(({ settings }) => settings.counts[suspicion] !== undefined)
      if (counting.length === 0) return []
      const one = known(suspect)
      const found = { exchange, refusal: suspicion === 'refused-by-provider', provider }
      const judged = counting.flatMap((rule) => {
        const weight = rule.settings.counts[suspicion] ?? 0
        const own = countOf(one, rule)
        countIn(own, found, weight, now, rule)
        own.untold += weight
        return judgeUnder(rule, one, now)
      })
      untold.add(one.key)
      if (isPressing(one, now)) pressing.add(one.key)
      return judged
    },
    hear(statements, now) {
      for (const one of statements) if (suspects.has(one.about)) heard.take(one, now)
      return [...new Set(statements.map(({ about }) => about))].flatMap((about) => {
        heard.forgetPast(about, now, byCounting)
        const one = suspects.get(about)
        return one === undefined ? [] : rules.flatMap((rule) => judgeUnder(rule, one, now))
      })
    },
    acted({ rule: name, suspect, would, forSeconds }, now) {
      const own = ownUnder(name, suspect)?.[1]
      if (own === undefined) return
      own.actedUntil[would] = now + forSeconds * 1000
      const key = suspectKey(suspect)
      untold.add(key)
      pressing.add(key)
    },
    lockedOut(name, suspect, act, forMs, now) {
      const [rule, own] = ownUnder(name, suspect) ?? []
      if (rule === undefined || own === undefined) return
      // A rule that goes no further than slowing down may have come to a block.
      const done: readonly RuleAct[] = act === 'slow' && rule.settings.stage === 'slow' ? ['slow', 'block'] : [act]
      for (const one of done) own.toldUntil[one] = Math.max(own.toldUntil[one], now + forMs)
    },
    tell(most, now) {
      const keys = [...new Set([...pressing, ...untold])].slice(0, most)
      return keys.map((about) => {
        const counts = [...(suspects.get(about)?.counts ?? [])]
        for (const [, own] of counts) own.underway = own.untold
        return {
          about,
          says: tallyText(
            counts.map(([rule, own]) => [rule.counting, own, rule]),
            now,
          ),
        }
      })
    },
    told(statements, now) {
      for (const { about } of statements) {
        const one = suspects.get(about)
        const counts = [...(one?.counts.values() ?? [])]
        for (const own of counts) {
          own.untold -= own.underway
          own.underway = 0
        }
        if (counts.every((own) => own.untold === 0)) untold.delete(about)
        if (!untold.has(about) || one === undefined || !isPressing(one, now)) pressing.delete(about)
      }
    },
    tellAll(now) {
      for (const [key, { counts }] of suspects) if ([...counts].some(([rule, own]) => isLive(own, now, rule))) untold.add(key)
    },
  }
}
