import type { GateRules } from '../protection/gate-rules.ts'
import type { CallRank } from '../protection/waiting-flow.ts'
import { interactions } from '../spine/interaction-id.ts'
import type { BreakerSettings, CapacitySettings } from './capacity-settings.ts'

/** What decides about calls to a provider, from the settings. */
export interface CapacityRules {
  /** The rules of one provider's gate. */
  gate(host: string): GateRules
  /** The class of an interaction's calls. */
  rankOf(interaction: string): CallRank
  /** The kind of an interaction's calls, from 0 to below `kinds`: all whose form is not known are one. */
  kindOf(interaction: string): number
  readonly kinds: number
  /** What is only observed, somewhere at least. */
  readonly observing: readonly string[]
}

/**
 * Times are told by the settings in seconds and by the rules in milliseconds. `connections` is the most that a
 * provider ever gets.
 */
export function capacityRules(capacity: CapacitySettings, breaker: BreakerSettings, connections: number): CapacityRules {
  const urgent = new Set(capacity.urgentInteractions)
  const bulk = new Set(capacity.bulkInteractions)
  const consumers = new Map(Object.entries(capacity.consumers))
  const kinds = new Map([...interactions.keys()].map((id, at) => [id, at + 1]))
  const observes = (settings: CapacitySettings | BreakerSettings): boolean =>
    [settings, ...Object.values(settings.perProvider)].some(({ mode }) => mode === 'observe')
  const isNamed = (host: string): boolean => Object.hasOwn(capacity.perProvider, host) || Object.hasOwn(breaker.perProvider, host)
  const rulesOf = (host: string | undefined): GateRules => {
    const own = { ...capacity, ...defined(ownOf(capacity.perProvider, host)) }
    const circuit = { ...breaker, ...defined(ownOf(breaker.perProvider, host)) }
    const ceiling = Math.min(connections, own.maximumLimit ?? connections)
    return {
      limit: {
        floor: own.minimumLimit,
        ceiling,
        initial: own.initialLimit,
        tolerance: own.tolerance,
        noiseMs: own.noiseMilliseconds,
        windowMs: own.windowSeconds * 1000,
      },
      limitObserves: own.mode === 'observe',
      breaker: {
        failureRate: circuit.failureRate,
        minimumCalls: circuit.minimumCalls,
        windowMs: circuit.windowSeconds * 1000,
        openMs: circuit.openSeconds * 1000,
        longestOpenMs: Math.max(circuit.openSeconds, circuit.longestOpenSeconds) * 1000,
        longestRetryAfterMs: circuit.longestRetryAfterSeconds * 1000,
        probes: circuit.probes,
        probeMs: circuit.probeSeconds * 1000,
      },
      breakerObserves: circuit.mode === 'observe',
      queue: {
        length: own.queueLength,
        patienceMs: own.queueSeconds * 1000,
        weightOf: (consumer) => consumers.get(consumer)?.weight ?? 1,
        guaranteeOf: (consumer) => consumers.get(consumer)?.guaranteedShare ?? 0,
      },
      mostOfOne: own.consumerShare,
      contestedMs: 60_000,
    }
  }
  // One object for all the providers that have no rules of their own: there are thousands.
  const usual = rulesOf(undefined)
  return {
    observing: [...(observes(capacity) ? ['provider-limit'] : []), ...(observes(breaker) ? ['provider-circuit'] : [])],
    kinds: kinds.size + 1,
    kindOf: (interaction) => kinds.get(interaction) ?? 0,
    rankOf: (interaction) => (urgent.has(interaction) ? 0 : bulk.has(interaction) ? 2 : 1),
    gate: (host) => (isNamed(host) ? rulesOf(host) : usual),
  }
}

function ownOf<T>(values: Readonly<Record<string, T>>, host: string | undefined): T | undefined {
  return host !== undefined && Object.hasOwn(values, host) ? values[host] : undefined
}

function defined<T extends object>(values: T | undefined): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => value !== undefined)) as never
}
