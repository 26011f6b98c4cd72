import { capacityMetrics } from '../forwarding/capacity-metrics.ts'
import { type CapacityRules, capacityRules } from '../forwarding/gate-rules.ts'
import type { CircuitAct, CircuitTurn } from '../forwarding/gate-state.ts'
import { createProviderCapacity, type LeasedLimits, type ProviderCapacity } from '../forwarding/provider-capacity.ts'
import type { Clock } from '../lib/clock.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Circuits } from '../ops/ops-parts.ts'
import type { Registry } from '../registry/registry.ts'
import type { Config } from './config.ts'
import type { KeptHolds } from './kept-holds.ts'

/** How the data path of one process stands among those of its machine. */
export interface CapacityShare {
  /** Among how many processes `waitingInAll` is divided. */
  readonly among: number
  /** Told when a circuit of this process's own accord became another. */
  readonly turned?: (turn: CircuitTurn) => void
  /** Where this process leases places from; absent where it has them all. */
  readonly leases?: LeasedLimits
}

/** The whole of what a provider is given. */
export const wholeCapacity: CapacityShare = { among: 1 }

/** What lets calls through to providers, for these settings, and its counters. */
export function composeCapacity(config: Config, metrics: Metrics, clock: Clock, share: CapacityShare): ProviderCapacity {
  const observer = { ...capacityMetrics(metrics), ...(share.turned && { turned: share.turned }) }
  return createProviderCapacity(...rulesOf(config, share), observer, clock.elapsed, share.leases)
}

/** Lets it go by other settings from now on. */
export function followCapacity(capacity: Pick<ProviderCapacity, 'follow'>, config: Config, share: CapacityShare): void {
  capacity.follow(...rulesOf(config, share))
}

function rulesOf({ forwarding }: Config, { among }: CapacityShare): [rules: CapacityRules, waitingInAll: number] {
  const { capacity, breaker, connectionsPerProvider } = forwarding
  return [capacityRules(capacity, breaker, connectionsPerProvider), Math.ceil(capacity.waitingInAll / among)]
}

/** The circuits as operators steer them; only hosts that the directory in force names can be held. What was held before is held again, and kept at each change before it is done. */
export function circuitControl(capacity: Pick<ProviderCapacity, 'states' | 'hold'>, registry: () => Registry, kept: KeptHolds): Circuits {
  let holds = kept.read()
  for (const [host, act] of holds) capacity.hold(host, act)
  let last: Promise<void> = Promise.resolve()
  async function hold(host: string, act: CircuitAct): Promise<void> {
    const next = new Map(holds)
    if (act === 'release') next.delete(host)
    else next.set(host, act)
    await kept.write(next)
    holds = next
    capacity.hold(host, act)
  }
  return {
    list: capacity.states,
    hold(host, act) {
      // One after the other: each keeps what the one before it has kept.
      last = last.catch(() => undefined).then(() => hold(host, act))
      return last
    },
    isRegistered: (host) => registry().hosts.has(host) || holds.has(host),
  }
}
