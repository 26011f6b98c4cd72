import { capacityMetrics } from '../forwarding/capacity-metrics.ts'
import { capacityRules } from '../forwarding/gate-rules.ts'
import { createProviderCapacity, type ProviderCapacity } from '../forwarding/provider-capacity.ts'
import type { Clock } from '../lib/clock.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Config } from './config.ts'

/** What lets calls through to providers, for these settings, and its metrics. */
export function composeCapacity({ forwarding }: Config, metrics: Metrics, clock: Clock): ProviderCapacity {
  const { capacity, breaker, connectionsPerProvider } = forwarding
  const observed = capacityMetrics(metrics)
  const rules = capacityRules(capacity, breaker, connectionsPerProvider)
  const made = createProviderCapacity(rules, capacity.waitingInAll, observed.observer, clock.elapsed)
  observed.show(made.states)
  return made
}
