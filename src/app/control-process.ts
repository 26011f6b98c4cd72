import { type Clock, systemClock } from '../lib/clock.ts'
import type { Log } from '../lib/logger.ts'
import { createTicketKeys } from '../pki/ticket-keys.ts'
import { workersOf } from '../workers/workers-settings.ts'
import { circuitControl } from './compose-capacity.ts'
import { composeRevocation, putInForce } from './compose-revocation.ts'
import { type ControlPlane, indexNotOpen, openControlPlane } from './control-plane.ts'
import { layGround } from './ground.ts'
import { keptHolds } from './kept-holds.ts'
import type { LoadedConfig } from './load-config.ts'
import { openLockoutControl } from './lockout-control.ts'
import type { WorkerPool } from './pool-parts.ts'
import { rotateHourly } from './rotate-hourly.ts'
import { type RunningProxy, runningProxy, startWhole } from './running-proxy.ts'
import { openSharedState } from './shared-state.ts'
import type { StartedParts } from './started-parts.ts'
import { ticketRenewal } from './ticket-renewal.ts'
import { createWorkerPool } from './worker-pool.ts'

/** Starts workers for the data path and controls them from this process, which takes no calls itself. Rejects like `startLifecycle`, with nothing left running. */
export function startControl(
  loaded: LoadedConfig,
  environment: NodeJS.ProcessEnv,
  log: Log,
  clock: Clock = systemClock,
): Promise<RunningProxy> {
  return startWhole((parts) => start(loaded, environment, log, clock, parts))
}

async function start(
  loaded: LoadedConfig,
  environment: NodeJS.ProcessEnv,
  log: Log,
  clock: Clock,
  parts: StartedParts,
): Promise<RunningProxy> {
  const started = parts.add
  const ticketKeys = createTicketKeys()
  let pool: WorkerPool | undefined
  let control: ControlPlane | undefined
  const tickets = started(
    ticketRenewal(() => pool?.renewTickets(ticketKeys.rotate())),
    async (one) => one.stop(),
  )
  const ground = await layGround(loaded, { log, clock, onIssuersForgotten: () => undefined }, parts)
  const shared = started(openSharedState(loaded, ground, 'nobody'), (state) => state.close())
  const locking = started(await openLockoutControl(ground, shared, tickets.soon), (open) => open.close())
  const registry = () => ground.materials().registry
  const opsPort = () => control?.opsPort ?? 0
  const revocation = started(
    composeRevocation(ground, {
      renewTickets: tickets.now,
      // This process has no connections; workers cut theirs once they have the list.
      cutConsumers: () => 0,
      cutProviders: () => 0,
      ownPorts: () => [pool?.port ?? 0, opsPort()],
      lists: { fetches: true, taken: (der, url) => pool?.takeList({ der, url }) },
    }),
    async (one) => one.close(),
  )
  const workers = started(
    createWorkerPool(ground, {
      count: workersOf(loaded.config.workers),
      ticketKey: ticketKeys.current,
      renewTickets: tickets.soon,
      lockouts: locking.lockouts.list,
      suspected: locking.suspected,
      current: async () => locking.current.ask(),
      swapHere: (next) => putInForce(ground, revocation, next),
      differs: () => void control?.reload('process'),
      opsPort,
      look: (...of) => control?.look(...of) ?? indexNotOpen(),
    }),
    (open) => open.close(),
  )
  pool = workers
  locking.enforce(workers.reach, workers.drill)
  await revocation.start()
  await locking.catchUp()
  const circuits = circuitControl(workers.capacity, registry, keptHolds(ground.dataDirectory))
  await workers.start()
  started(rotateHourly(tickets.now), async (timer) => clearInterval(timer))
  control = await openControlPlane(ground, { environment, data: workers, circuits, locking, shared, revocation }, parts)
  workers.tellOwnPorts()
  return runningProxy(workers, control, parts, log.logger)
}
