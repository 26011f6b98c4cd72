import type { AuditTrail } from '../audit/audit-trail.ts'
import type { Start } from '../checks/check-needs.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ConsumerLeg } from '../proxy/exchange.ts'
import { createExchangesInFlight, type ExchangesInFlight } from '../proxy/exchanges-in-flight.ts'
import { lockoutEvidence } from '../proxy/lockout-evidence.ts'
import type { ExchangeObserver } from '../proxy/observers.ts'
import { createSlowDown } from '../proxy/slow-down.ts'
import type { ConsumerConnection } from '../spine/arrival.ts'
import type { Refusal } from '../spine/refusal.ts'
import type { Lockouts } from '../state/lockouts.ts'
import { openLockouts } from '../state/open-lockouts.ts'
import { atMostEvery } from './at-most-every.ts'
import { enforceLockouts } from './enforce-lockouts.ts'
import { fanOutReport } from './fan-out-report.ts'
import { lockoutsByRule } from './lockouts-by-rule.ts'
import type { Materials } from './materials.ts'
import type { SharedState } from './shared-state.ts'

/** What lockouts are made of in a running proxy. */
export interface LockoutSurroundings {
  readonly dataDirectory: string
  readonly materials: () => Materials
  readonly shared: Pick<SharedState, 'redis'>
  readonly cutConsumers: (why: (connection: ConsumerConnection) => Refusal | undefined) => number
  readonly renewTickets: () => void
  readonly audit: AuditTrail
  readonly metrics: Metrics
  readonly logger: Logger
  readonly clock: Clock
}

/** Lockouts at work: known, enforced, made by rule. */
export interface LockoutParts {
  readonly lockouts: Lockouts
  readonly inFlight: ExchangesInFlight
  /** Gathers evidence. */
  readonly observer: ExchangeObserver
  /** The same, once a request of somebody slowed down has waited. */
  slowed(exchange: (start: Start, leg: ConsumerLeg) => Promise<void>): (start: Start, leg: ConsumerLeg) => Promise<void>
  /** Waits, within the settings' time, for what other nodes have changed: before calls are taken. */
  catchUp(): Promise<void>
  close(): Promise<void>
}

/** Between two renewals of the ticket keys: each request is judged for itself, so that a burst of lockouts need not renew at each. */
const ticketsEveryMs = 250

/** Opens them. Rejects with `LockoutsUnreadable`. */
export async function openLockoutParts(surroundings: LockoutSurroundings): Promise<LockoutParts> {
  const { materials, metrics, logger, clock, dataDirectory, audit } = surroundings
  const { config } = materials().loaded
  const rules = () => materials().loaded.config.lockoutRules
  const report = fanOutReport(metrics, logger)
  const { redis } = surroundings.shared
  const lockouts = await openLockouts(config.lockouts, { dataDirectory, node: config.audit.node, clock, redis, report })
  const inFlight = createExchangesInFlight()
  const slowDown = createSlowDown(lockouts, rules)
  const tickets = atMostEvery(ticketsEveryMs, surroundings.renewTickets)
  lockouts.onChange(enforceLockouts({ ...surroundings, registry: () => materials().registry, renewTickets: tickets.act, inFlight }))
  metrics.gauge('ssp_lockouts', 'Lockouts by their state and effect.', ['state', 'effect'], (gauge) => {
    gauge.reset()
    for (const { state, effect } of lockouts.list()) gauge.labels(state, effect).inc()
  })
  return {
    lockouts,
    inFlight,
    observer: lockoutEvidence(() => materials().registry, lockoutsByRule({ settings: rules, lockouts, audit, metrics, logger, clock })),
    slowed: (exchange) => (start, leg) => slowDown(start)?.then((waited) => exchange(waited, leg)) ?? exchange(start, leg),
    async catchUp() {
      if (!(await lockouts.caughtUp(config.lockouts.catchUpSeconds * 1000)))
        logger.error('calls are taken without what other nodes may have changed about lockouts: the shared store does not answer')
    },
    async close() {
      tickets.stop()
      await lockouts.close()
    },
  }
}
