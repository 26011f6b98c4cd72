import type { PartyLook } from '../audit/index/lookups.ts'
import type { Start } from '../checks/check-needs.ts'
import { lockedOut } from '../checks/lockout.ts'
import { createProvenConnections } from '../forwarding/proven-connections.ts'
import type { ProviderCapacity } from '../forwarding/provider-capacity.ts'
import type { TicketKeys } from '../pki/ticket-keys.ts'
import type { Allowances } from '../protection/allowances.ts'
import type { Evidence } from '../protection/lockout-rules.ts'
import { beforeDeciding } from '../proxy/before-deciding.ts'
import { type ConsumerLeg, exchange } from '../proxy/exchange.ts'
import { allOf, exchangeLog } from '../proxy/exchange-log.ts'
import { asksForExchange, type LookLeg, lookAtExchange } from '../proxy/exchange-look.ts'
import { exchangeMetrics } from '../proxy/exchange-metrics.ts'
import { createExchangesInFlight } from '../proxy/exchanges-in-flight.ts'
import { lockoutEvidence } from '../proxy/lockout-evidence.ts'
import { createSlowDown } from '../proxy/slow-down.ts'
import type { CurrentLockouts } from '../state/current-lockouts.ts'
import { isBlock, type LockedOut, type LockoutChange } from '../state/lockouts.ts'
import { composeExchange, composeForwarding, composeLook, dialsOtherwise } from './compose.ts'
import { type CapacityShare, composeCapacity, followCapacity } from './compose-capacity.ts'
import { composeRevocation, type ListSource, putInForce } from './compose-revocation.ts'
import { concernsLockout } from './concerns-lockout.ts'
import { type ConsumersPort, consumersPort } from './consumers-port.ts'
import { drainPort } from './drain-port.ts'
import type { Reached } from './enforce-lockouts.ts'
import type { Ground } from './ground.ts'
import type { Materials } from './materials.ts'
import type { Revocation } from './revocation.ts'
import type { StartedParts } from './started-parts.ts'

/** What the data path is given by whoever controls it, in this process or in another. */
export interface DataPlanePorts {
  readonly ticketKeys: Pick<TicketKeys, 'current'>
  /** Makes every ticket of this machine worthless. */
  readonly renewTickets: () => void
  readonly lockouts: LockedOut
  /** Whether `lockouts` are those of now. */
  readonly current: Pick<CurrentLockouts, 'ask'>
  readonly allowances: Allowances
  /** Takes evidence of calls that ended; waits for nothing. */
  readonly suspected: (evidence: Evidence) => void
  /** Never dialled on this machine. */
  readonly ownPorts: () => readonly number[]
  readonly lists: ListSource
  readonly capacity: CapacityShare
  /** A party's look at an exchange, answered by whoever holds the index. */
  readonly look: PartyLook
}

/** The data path of one process: from the consumer's connection to the provider's. */
export interface DataPlane {
  readonly revocation: Revocation
  readonly capacity: ProviderCapacity
  /** 0 until it is open; `ports` are all that are listened to. */
  readonly port: number
  readonly ports: readonly number[]
  readonly connections: number
  /** Begins to take calls. */
  open(): Promise<void>
  /** The port takes ticket keys, certificate and anchors anew. */
  renew(): void
  /** Takes what is to come into force and may still be refused, a new address. Rejects with `StartRefused`. */
  prepare(next: Materials): Promise<void>
  /** What was prepared does not come. */
  abandon(): void
  /** Puts materials in force, at once. */
  swap(next: Materials): void
  /** Cuts whom a block that was added concerns: calls first, on both legs, then connections. Any other change of lockouts cuts nobody. */
  reach(change: LockoutChange): Reached
  /** Lets calls end in their time; no new ones are taken. */
  drain(): Promise<void>
}

/** Composes it; nothing is listened to before `open`. */
export function composeDataPlane(ground: Ground, ports: DataPlanePorts, { add: started }: StartedParts): DataPlane {
  const { loaded, materials, audit, metrics, expiry, logger, clock } = ground
  const { config } = loaded
  const { lockouts } = ports
  const registry = () => materials().registry
  const proven = createProvenConnections()
  const { ticketKeys, renewTickets, ownPorts, lists } = ports
  const revocation = started(
    composeRevocation(ground, { renewTickets, cutConsumers: (why) => consumers.cut(why), cutProviders: proven.cut, ownPorts, lists }),
    async (one) => one.close(),
  )
  const capacity = composeCapacity(config, metrics, clock, ports.capacity)
  const forwarding = started(
    composeForwarding({ materials, trust: revocation.trust, proven, clock, expiry, capacity, leases: ports.capacity.leases, ownPorts }),
    (leg) => leg.close(),
  )
  const inFlight = createExchangesInFlight()
  const waits = beforeDeciding(
    ports.current,
    createSlowDown(lockouts, () => materials().loaded.config.lockoutRules),
  )
  const observer = allOf([exchangeMetrics(metrics), exchangeLog(logger, clock), lockoutEvidence(registry, ports.suspected)])
  const compose = () =>
    composeExchange(materials(), { audit, forwarding, lockouts, inFlight, allowances: ports.allowances, observer, clock })
  const composeLooks = () => composeLook(materials(), { look: ports.look, audit, lockouts, allowances: ports.allowances, observer, clock })
  let parts = compose()
  let looks = composeLooks()
  const serve = (start: Start, leg: ConsumerLeg & LookLeg): Promise<void> =>
    asksForExchange(start) ? lookAtExchange(start, leg, looks) : exchange(start, leg, parts)
  const consumers: ConsumersPort = started(
    consumersPort({
      ...{ registry, ticketKeys, clock, metrics, expiry, logger },
      settings: () => materials().loaded.config.listener,
      trust: revocation.trust,
      certificate: () => materials().server,
      exchange: (start, leg) =>
        // While it waited a reload may have changed everything: what decides is all of one time.
        waits(start)?.then((waited) => serve({ ...waited, registry: registry() }, leg)) ?? serve(start, leg),
    }),
    async (port) => void (await port.drain(0)),
  )

  return {
    revocation,
    capacity,
    get port() {
      return consumers.port
    },
    get ports() {
      return consumers.ports
    },
    get connections() {
      return consumers.connections
    },
    open: consumers.open,
    renew() {
      consumers.renew()
    },
    prepare: ({ loaded }) => consumers.prepare(loaded.config.listener),
    abandon: consumers.abandon,
    swap(next) {
      const before = materials().loaded.config
      putInForce(ground, revocation, next, () => {
        parts = compose()
        looks = composeLooks()
        followCapacity(capacity, next.loaded.config, ports.capacity)
        if (dialsOtherwise(before, next.loaded.config)) forwarding.retire()
        consumers.move()
        consumers.renew()
      })
    },
    reach(change) {
      if (!isBlock(change)) return { cutExchanges: 0, cutConnections: 0 }
      const { lockout } = change
      const { kind, value } = lockout.selector
      const cutExchanges = inFlight.end(kind, value, lockedOut(lockout))
      return { cutExchanges, cutConnections: consumers.cut(concernsLockout(lockout, registry())) }
    },
    async drain() {
      if (consumers.port !== 0) await drainPort(consumers, materials().loaded.config.listener, logger)
    },
  }
}
