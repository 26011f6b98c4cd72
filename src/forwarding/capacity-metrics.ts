import type { Metrics } from '../metrics/metrics.ts'
import type { GateState } from './gate-state.ts'
import type { CapacityObserver } from './provider-capacity.ts'

/** Most hosts that are shown by name at a time. */
const shown = 50
const circuits = ['closed', 'open', 'half-open', 'held-open', 'held-closed'] as const

/** Counters of row 15. */
export function capacityMetrics(metrics: Metrics): CapacityObserver {
  const waited = metrics.counter('ssp_provider_waits_total', 'Calls that waited for a place at a provider, by how that ended.', ['how'])
  const refused = metrics.counter('ssp_provider_refusals_total', 'Calls that row 15 refused at once, by why.', ['why'])
  return { waited: (how) => waited.labels(how).inc(), refused: (why) => refused.labels(why).inc() }
}

/** Gauges of row 15, read at each scrape. By name appear only hosts whose circuit is not closed or for which calls wait, fifty at most; all are registered, none can be made up. */
export function capacityGauges(metrics: Metrics, states: () => readonly GateState[]): void {
  metrics.gauge('ssp_provider_calls_waiting', 'Calls that wait for a place at a provider.', [], (gauge) =>
    gauge.set(states().reduce((sum, { waiting }) => sum + waiting, 0)),
  )
  metrics.gauge('ssp_provider_circuits', 'Providers that are known, by the state of their circuit.', ['state'], (gauge) => {
    for (const state of circuits) gauge.labels(state).set(0)
    for (const { circuit } of states()) gauge.labels(circuit).inc()
  })
  metrics.gauge('ssp_provider_circuit_closed', '0 for each provider whose circuit is not closed, fifty at most.', ['host'], (gauge) => {
    gauge.reset()
    for (const { host, circuit } of states().filter(troubled).slice(0, shown)) gauge.labels(host).set(circuit === 'closed' ? 1 : 0)
  })
  metrics.gauge(
    'ssp_provider_limit',
    'Calls at a time that a provider with a circuit that is not closed, or with calls that wait, is given.',
    ['host'],
    (gauge) => {
      gauge.reset()
      for (const { host, limit } of states().filter(troubled).slice(0, shown)) gauge.labels(host).set(limit)
    },
  )
}

function troubled({ circuit, waiting }: GateState): boolean {
  return waiting > 0 || circuit !== 'closed'
}
