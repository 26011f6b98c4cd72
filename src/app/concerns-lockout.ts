import type { Registry } from '../registry/registry.ts'
import type { ConsumerConnection } from '../spine/arrival.ts'
import { type Refusal, refuse } from '../spine/refusal.ts'
import type { Lockout } from '../state/lockouts.ts'

/** The refusal by which a connection is cut: where its certificate is, or is registered for, what a lockout names; else nothing. Exchanges of an ASID or endpoint alone are refused at their next request. */
export function concernsLockout(lockout: Lockout, registry: Registry): (connection: ConsumerConnection) => Refusal | undefined {
  const concerns = concernedBy(lockout, registry)
  const refusal = refuse('lockout', 'ACCESS_DENIED', {
    reason: `locked out by ${lockout.id} (${lockout.selector.kind}): ${lockout.reason}`,
  })
  return (connection) => (concerns(connection) ? refusal : undefined)
}

function concernedBy({ selector: { kind, value } }: Lockout, registry: Registry): (connection: ConsumerConnection) => boolean {
  return (connection) => {
    if (kind === 'certificate') return connection.certificateSha256 === value
    const verdict = connection.judge()
    if (verdict.kind !== 'good') return false
    switch (kind) {
      case 'partyKey':
        return verdict.certificate.names.some((name) => registry.partyKeysOf(name).has(value))
      case 'organisation':
        return verdict.certificate.names.some((name) => registry.organisationsOf(name).has(value))
      default:
        return false
    }
  }
}
