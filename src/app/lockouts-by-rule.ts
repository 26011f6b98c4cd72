import { isDeepStrictEqual } from 'node:util'
import type { AuditTrail } from '../audit/audit-trail.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { createEvidenceSharing } from '../protection/evidence-sharing.ts'
import type { LockoutRuleSettings } from '../protection/lockout-rule-settings.ts'
import { createLockoutRules, type Evidence, type Judgement, type LockoutRules } from '../protection/lockout-rules.ts'
import type { SharedEvidence } from '../protection/shared-evidence.ts'
import type { Lockouts } from '../state/lockouts.ts'
import { byRule, isRule, lockOutOnce } from './lock-out-once.ts'

/** What rules act on. */
export interface RuleParts {
  /** The settings in force; a change of them begins the counting anew. */
  readonly settings: () => LockoutRuleSettings
  readonly lockouts: Lockouts
  /** What other nodes count. */
  readonly shared: SharedEvidence
  readonly audit: Pick<AuditTrail, 'operation'>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
}

/** Rules at work. */
export interface LockoutsByRule {
  /** Takes a piece of evidence and waits for nothing. */
  readonly suspected: (evidence: Evidence) => void
  /** Other nodes are told nothing more. */
  close(): void
}

/** Puts the rules to work, with what other nodes count where there are any. */
export function lockoutsByRule({ settings, lockouts, shared, audit, metrics, logger, clock }: RuleParts): LockoutsByRule {
  const gathered = metrics.counter('ssp_lockout_evidence_total', 'Evidence against certificates, by what it is.', ['kind'])
  const judged = metrics.counter(
    'ssp_lockout_rule_judgements_total',
    'What rules did, and what they would do at a later stage.',
    ['rule', 'would', 'act'],
    (counter) => {
      // Prometheus sees no increase in a series that begins at 1: each that a rule can come to is there from the start, at 0.
      for (const { name, stage } of settings().rules)
        for (const would of ['slow', 'block'] as const)
          for (const act of ['observe', stage === 'block' ? would : stage]) counter.labels(name, would, act).inc(0)
    },
  )
  metrics.gauge('ssp_lockout_suspects', 'Identities of whom evidence is kept.', [], (gauge) => gauge.set(rules?.made.size ?? 0))
  metrics.gauge('ssp_lockout_evidence_untold', 'Identities of whom other nodes have not been told the latest evidence.', [], (gauge) =>
    gauge.set(shared.shared ? (rules?.made.untold ?? 0) : 0),
  )
  let rules: { readonly of: LockoutRuleSettings; readonly made: LockoutRules } | undefined

  function current(): LockoutRules {
    const of = settings()
    if (rules?.of === of) return rules.made
    // A reload makes the settings anew; what was counted stays where they say the same.
    rules = { of, made: rules !== undefined && isDeepStrictEqual(rules.of, of) ? rules.made : createLockoutRules(of) }
    return rules.made
  }

  const sharing = createEvidenceSharing({
    rules: current,
    kept: () => keptOf(settings()),
    shared,
    elapsed: clock.elapsed,
    judged(judgement) {
      carryOut(judgement).catch((error: unknown) => logger.error({ rule: judgement.rule, error: String(error) }, 'a rule could not act'))
    },
  })

  const forget = lockouts.onChange(({ lockout: { state, author, selector, effect, until } }) => {
    const { kind, value } = selector
    if (state === 'released' || until === undefined || !isRule(author) || (kind !== 'certificate' && kind !== 'binding')) return
    const rule = author.slice(byRule.length)
    current().lockedOut(rule, { kind, value, onlyObserve: false }, effect, until - clock.now(), clock.elapsed())
  })

  async function carryOut(judgement: Judgement): Promise<void> {
    const { rule, suspect, would, act, forSeconds, exchanges, others } = judgement
    const { kind, value } = suspect
    judged.labels(rule, would, act).inc()
    const sum = Math.round(judgement.sum * 10) / 10
    const detail = {
      rule,
      kind,
      value,
      would,
      act,
      sum,
      evidence: exchanges.join(' '),
      ...(others.length > 0 && { others: others.join(' ') }),
    }
    logger.warn({ rule, kind, would, act, sum, others }, 'a rule about lockouts applies')
    await audit.operation({ type: 'operation', v: 1, at: clock.now(), actor: `${byRule}${rule}`, act: 'lockout-rule', detail })
    if (act !== 'observe') {
      const reason = `rule ${rule}: ${sum} within its window`
      const request = { selector: { kind, value }, effect: act, reason, forSeconds, evidence: exchanges }
      await lockOutOnce(lockouts, shared, request, `${byRule}${rule}`)
    }
    sharing.acted(judgement)
  }

  return {
    suspected(evidence) {
      gathered.labels(evidence.suspicion).inc()
      sharing.suspected(evidence)
    },
    close() {
      forget()
      sharing.close()
    },
  }
}

/** As long as anything of it can count: a window, and the one before it. */
function keptOf({ rules, maxIdentities }: LockoutRuleSettings): { readonly keepMs: number; readonly most: number } {
  return { keepMs: 2_000 * Math.max(1, ...rules.map(({ windowSeconds }) => windowSeconds)), most: maxIdentities }
}
