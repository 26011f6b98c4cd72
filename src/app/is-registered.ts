import type { Registry } from '../registry/registry.ts'
import type { LockoutSelector } from '../state/lockouts.ts'

/** Whether the directory holds the party that a lockout names. Certificates it does not hold: they count as registered; a binding is as its ASID is. */
export function isRegistered({ kind, value }: LockoutSelector, registry: Pick<Registry, 'holds'>): boolean {
  switch (kind) {
    case 'certificate':
      return true
    case 'binding':
      return registry.holds('asid', value.slice(value.indexOf(':') + 1))
    default:
      return registry.holds(kind, value)
  }
}
