import type { AuditTrail } from '../audit/audit-trail.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { isBlock, type Lockout, type LockoutChange } from '../state/lockouts.ts'

/** What a lockout cut in its midst. */
export interface Reached {
  readonly cutConnections: number
  readonly cutExchanges: number
}

/** What several processes cut together. */
export function cutInAll(reached: readonly Reached[]): Reached {
  return reached.reduce(
    (sum, one) => ({
      cutConnections: sum.cutConnections + one.cutConnections,
      cutExchanges: sum.cutExchanges + one.cutExchanges,
    }),
    { cutConnections: 0, cutExchanges: 0 },
  )
}

/** What a change of lockouts acts on. */
export interface EnforcementParts {
  /** Tells the data path of a change; of a block, resolves with what it cut once it is in force everywhere on this machine. Never rejects. */
  readonly reach: (change: LockoutChange) => Promise<Reached>
  readonly renewTickets: () => void
  readonly audit: Pick<AuditTrail, 'operation'>
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
}

/** Makes each change of lockouts felt at once, whoever made it on which node, and records it. The result must be told of every change; it resolves once the change is in force on this machine. */
export function enforceLockouts(parts: EnforcementParts): (change: LockoutChange) => Promise<void> {
  const { metrics, logger } = parts
  const cut = metrics.counter('ssp_lockout_cut_total', 'What lockouts cut in its midst.', ['what'])
  const connectionsCut = cut.labels('connection')
  const exchangesCut = cut.labels('exchange')

  function note(type: LockoutChange['type'], lockout: Lockout, reached: Partial<Reached>): void {
    connectionsCut.inc(reached.cutConnections ?? 0)
    exchangesCut.inc(reached.cutExchanges ?? 0)
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

  return async (change) => {
    const { type, lockout } = change
    const blocks = isBlock(change)
    const reaching = parts.reach(change)
    if (blocks) parts.renewTickets()
    const reached = await reaching
    note(type, lockout, blocks ? reached : {})
  }
}

const acts = { added: 'lockout-in-force', proposed: 'lockout-proposed', released: 'lockout-released' } as const
const told = { added: 'locked out', proposed: 'a lockout waits for a second person', released: 'a lockout was released' } as const
