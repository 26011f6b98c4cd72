import { type Clock, systemClock } from '../lib/clock.ts'
import type { Log } from '../lib/logger.ts'
import { createTicketKeys } from '../pki/ticket-keys.ts'
import { circuitControl, wholeCapacity } from './compose-capacity.ts'
import { type ControlPlane, indexNotOpen, openControlPlane } from './control-plane.ts'
import { composeDataPlane, type DataPlane } from './data-plane.ts'
import type { DataSide } from './data-side.ts'
import { type Ground, layGround } from './ground.ts'
import { keptHolds } from './kept-holds.ts'
import type { LoadedConfig } from './load-config.ts'
import { openLockoutControl } from './lockout-control.ts'
import { rotateHourly } from './rotate-hourly.ts'
import { type RunningProxy, runningProxy, startWhole } from './running-proxy.ts'
import { openSharedState } from './shared-state.ts'
import type { StartedParts } from './started-parts.ts'
import { ticketRenewal } from './ticket-renewal.ts'

/** Starts everything in this process, in order. Rejects with `StartRefused` or `ConfigRejected`, with nothing left running. */
export function startLifecycle(
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
  let plane: DataPlane | undefined
  let control: ControlPlane | undefined
  const tickets = started(
    ticketRenewal(() => {
      ticketKeys.rotate()
      plane?.renew()
    }),
    async (one) => one.stop(),
  )
  const ground = await layGround(loaded, { log, clock, onIssuersForgotten: tickets.now }, parts)
  const shared = started(openSharedState(loaded, ground), (state) => state.close())
  const locking = started(await openLockoutControl(ground, shared, tickets.soon), (open) => open.close())
  const data = composeDataPlane(
    ground,
    {
      ...{ ticketKeys, renewTickets: tickets.now, lockouts: locking.lockouts, current: locking.current },
      ...{ allowances: shared.allowances, suspected: locking.suspected },
      ownPorts: () => [...(plane?.ports ?? []), control?.opsPort ?? 0],
      lists: { fetches: true },
      capacity: wholeCapacity,
      look: (...of) => control?.look(...of) ?? indexNotOpen(),
    },
    parts,
  )
  plane = data
  locking.enforce(async (change) => data.reach(change))
  await data.revocation.start()
  await locking.catchUp()
  const circuits = circuitControl(data.capacity, () => ground.materials().registry, keptHolds(ground.dataDirectory))
  await data.open()
  started(rotateHourly(tickets.now), async (timer) => clearInterval(timer))
  const side = sideOf(data, ground)
  control = await openControlPlane(ground, { environment, data: side, circuits, locking, shared, revocation: data.revocation }, parts)
  return runningProxy(data, control, parts, log.logger)
}

/** A data path in the same process: nothing is to be asked of anybody. */
function sideOf(plane: DataPlane, { audit, metrics }: Ground): DataSide {
  return {
    get port() {
      return plane.port
    },
    get connections() {
      return plane.connections
    },
    audit,
    capacity: plane.capacity,
    degraded: [],
    serving: true,
    workers: { ready: 1, missing: 0, lost: 0 },
    prepare: plane.prepare,
    abandon: plane.abandon,
    swap: async (next) => plane.swap(next),
    metricsPage: metrics.text,
  }
}
