import type { Registry } from '../registry/registry.ts'
import type { ConsumerConnection } from '../spine/arrival.ts'
import type { Lockout } from '../state/lockouts.ts'

/** Whether a connection's certificate is, or is registered for, what a lockout names. Exchanges of an ASID or endpoint alone are refused at their next request. */
export function concernsLockout({ selector: { kind, value } }: Lockout, registry: Registry): (connection: ConsumerConnection) => boolean {
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
