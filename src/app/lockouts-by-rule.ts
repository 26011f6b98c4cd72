import { isDeepStrictEqual } from 'node:util'
import type { AuditTrail } from '../audit/audit-trail.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { LockoutRuleSettings } from '../protection/lockout-rule-settings.ts'
import { createLockoutRules, type Evidence, type Judgement, type LockoutRules } from '../protection/lockout-rules.ts'
import type { Lockouts } from '../state/lockouts.ts'

/** What rules act on. */
export interface RuleParts {
  /** The settings in force; a change of them begins the counting anew. */
  readonly settings: () => LockoutRuleSettings
  readonly lockouts: Lockouts
  readonly audit: Pick<AuditTrail, 'operation'>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
}

/** Puts the rules to work. The result takes each piece of evidence and waits for nothing. */
export function lockoutsByRule({ settings, lockouts, audit, metrics, logger, clock }: RuleParts): (evidence: Evidence) => void {
  const gathered = metrics.counter('ssp_lockout_evidence_total', 'Evidence against certificates, by what it is.', ['kind'])
  const judged = metrics.counter('ssp_lockout_rule_judgements_total', 'What rules did, and what they would do at a later stage.', [
    'rule',
    'would',
    'act',
  ])
  metrics.gauge('ssp_lockout_suspects', 'Identities of whom evidence is kept.', [], (gauge) => gauge.set(rules?.made.size ?? 0))
  let rules: { readonly of: LockoutRuleSettings; readonly made: LockoutRules } | undefined

  function current(): LockoutRules {
    const of = settings()
    if (rules?.of === of) return rules.made
    // A reload makes the settings anew; what was counted stays where they say the same.
    rules = { of, made: rules !== undefined && isDeepStrictEqual(rules.of, of) ? rules.made : createLockoutRules(of) }
    return rules.made
  }

  async function carryOut(judgement: Judgement): Promise<void> {
    const { rule, suspect, would, act, sum, forSeconds, exchanges } = judgement
    const { kind, value } = suspect
    judged.labels(rule, would, act).inc()
    const detail = { rule, kind, value, would, act, sum: Math.round(sum * 10) / 10, evidence: exchanges.join(' ') }
    logger.warn({ rule, kind, would, act, sum: detail.sum }, 'a rule about lockouts applies')
    await audit.operation({ type: 'operation', v: 1, at: clock.now(), actor: `rule:${rule}`, act: 'lockout-rule', detail })
    if (act === 'observe') return
    const known = act === 'block' ? lockouts.find(kind, value) : (lockouts.find(kind, value) ?? lockouts.findSlow(kind, value))
    if (known !== undefined) return
    const reason = `rule ${rule}: ${detail.sum} within its window`
    await lockouts.add({ selector: { kind, value }, effect: act, reason, forSeconds, evidence: exchanges }, `rule:${rule}`)
  }

  return (evidence) => {
    gathered.labels(evidence.suspicion).inc()
    for (const judgement of current().judge(evidence, clock.elapsed()))
      carryOut(judgement).catch((error: unknown) => logger.error({ rule: judgement.rule, error: String(error) }, 'a rule could not act'))
  }
}
