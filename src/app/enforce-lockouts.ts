import type { AuditTrail } from '../audit/audit-trail.ts'
import { lockedOut } from '../checks/lockout.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ExchangesInFlight } from '../proxy/exchanges-in-flight.ts'
import type { Registry } from '../registry/registry.ts'
import type { ConsumerConnection } from '../spine/arrival.ts'
import type { Refusal } from '../spine/refusal.ts'
import type { Lockout, LockoutChange } from '../state/lockouts.ts'
import { concernsLockout } from './concerns-lockout.ts'

/** What a change of lockouts acts on. */
export interface EnforcementParts {
  readonly registry: () => Registry
  readonly inFlight: ExchangesInFlight
  readonly cutConsumers: (why: (connection: ConsumerConnection) => Refusal | undefined) => number
  readonly renewTickets: () => void
  readonly audit: Pick<AuditTrail, 'operation'>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
}

/** Makes each change of lockouts felt at once, whoever made it on which node, and records it. The result must be told of every change. */
export function enforceLockouts(parts: EnforcementParts): (change: LockoutChange) => void {
  const { inFlight, metrics, logger } = parts
  const cut = metrics.counter('ssp_lockout_cut_total', 'What lockouts cut in its midst.', ['what'])
  const connectionsCut = cut.labels('connection')
  const exchangesCut = cut.labels('exchange')

  function reach(lockout: Lockout): { readonly cutConnections: number; readonly cutExchanges: number } {
    const { kind, value } = lockout.selector
    // Calls first: on both legs, with the reason in the audit. Then the connections, idle ones too.
    const cutExchanges = inFlight.end(kind, value, lockedOut(lockout))
    const cutConnections = parts.cutConsumers(concernsLockout(lockout, parts.registry()))
    parts.renewTickets()
    exchangesCut.inc(cutExchanges)
    connectionsCut.inc(cutConnections)
    return { cutConnections, cutExchanges }
  }

  return ({ type, lockout }) => {
    const reached = type === 'added' && lockout.effect === 'block' ? reach(lockout) : {}
    const { id, selector, effect, epoch, node, author, changedBy, reason, evidence, until } = lockout
    logger.warn({ lockout: id, kind: selector.kind, effect, epoch, node, ...reached }, told[type])
    const detail = {
      id,
      ...selector,
      effect,
      epoch,
      node,
      author,
      reason,
      ...(evidence !== undefined && { evidence: evidence.join(' ') }),
      ...(until !== undefined && { until: new Date(until).toISOString() }),
      ...reached,
    }
    parts.audit
      .operation({ type: 'operation', v: 1, at: parts.clock.now(), actor: changedBy, act: acts[type], detail })
      .catch((error: unknown) => logger.error({ lockout: id, error: String(error) }, 'a lockout is in force and not recorded'))
  }
}

const acts = { added: 'lockout-in-force', proposed: 'lockout-proposed', released: 'lockout-released' } as const
const told = { added: 'locked out', proposed: 'a lockout waits for a second person', released: 'a lockout was released' } as const
