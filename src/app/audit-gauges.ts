import type { AuditTrail, ProofHealth } from '../audit/audit-trail.ts'
import type { Metrics } from '../metrics/metrics.ts'

/** How well this process's audit log can be proven to others, read at each scrape. */
export function auditGauges(metrics: Metrics, audit: Pick<AuditTrail, 'proofs'>): void {
  let counted = 0
  metrics.counter(
    'ssp_audit_checkpoint_failures_total',
    'Checkpoints of audit logs that could not be signed or written; each is tried again a second later.',
    [],
    (counter) => {
      const { checkpointFailures } = audit.proofs
      counter.inc(checkpointFailures - counted)
      counted = checkpointFailures
    },
  )
  metrics.gauge(
    'ssp_audit_logs_with_lost_key',
    'Audit logs whose signing key is gone, or that went on without the signature of the key before.',
    [],
    (gauge) => gauge.set(audit.proofs.keyFault === undefined ? 0 : 1),
  )
  metrics.gauge(
    'ssp_audit_logs_with_sealing_fault',
    'Audit logs in which what names people is sealed under another key than its month’s, or under one that its file does not hold.',
    [],
    (gauge) => gauge.set(audit.proofs.sealingFault === undefined ? 0 : 1),
  )
}

/** What an operator should see to, one sentence each. */
export function proofsDegraded({ checkpointFault, keyFault, sealingFault }: ProofHealth): readonly string[] {
  return [checkpointFault, keyFault, sealingFault].flatMap((fault) => (fault === undefined ? [] : [`audit: ${fault}`]))
}
