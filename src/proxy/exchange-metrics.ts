import { boundedLabel } from '../metrics/bounded-label.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { interactions } from '../spine/interaction-id.ts'
import type { ExchangeObserver } from './observers.ts'

/** Upper bounds in seconds: from what the proxy itself adds to what a slow provider may take. */
const durations = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const phases = ['admission', 'queue', 'audit', 'provider', 'total'] as const

interface Child {
  inc(): void
}

function kept<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

/** Counts exchanges. No label can grow: rules, fault domains and statuses are few, interactions are those whose form is known. */
export function exchangeMetrics(metrics: Metrics): ExchangeObserver {
  const inFlight = metrics.gauge('ssp_exchanges_in_flight', 'Requests that have arrived and not ended.')
  const ended = metrics.counter('ssp_exchanges_total', 'Requests that ended, by how, whose doing it was and which rule decided.', [
    'end',
    'origin',
    'rule',
  ])
  const statuses = metrics.counter('ssp_answers_total', 'Answers to consumers by HTTP status; 499 is a consumer that had gone.', ['status'])
  const byInteraction = metrics.counter('ssp_interactions_total', 'Requests by interaction; other is one whose form is not known.', [
    'interaction',
  ])
  const observed = metrics.counter('ssp_observed_refusals_total', 'Refusals that were only observed, by rule.', ['rule'])
  const dropped = metrics.counter('ssp_dropped_headers_total', 'Headers that were not passed on, by leg.', ['leg'])
  const requestBytes = metrics.counter('ssp_request_body_bytes_total', 'Bytes of request bodies that were passed on.')
  const responseBytes = metrics.counter('ssp_response_body_bytes_total', 'Bytes of answer bodies that were passed on.')
  const duration = metrics.histogram('ssp_phase_duration_seconds', 'How long the phases of an exchange took.', ['phase'], durations)
  const interactionLabel = boundedLabel(new Set(interactions.keys()))
  const timers = phases.map((phase) => [phase, duration.labels(phase)] as const)
  const endedChildren = new Map<string, Map<string, Map<string, Child>>>()
  const interactionChildren = new Map<string, Child>()
  const fromRequest = dropped.labels('request')
  const fromAnswer = dropped.labels('answer')
  const statusChildren = new Map<number, Child>()

  /** Children are kept by their words, without joining them: a map would first look a new text up among all that the process knows. */
  function child(end: string, origin: string, rule: string): Child {
    const byRule = kept(
      kept(endedChildren, end, () => new Map<string, Map<string, Child>>()),
      origin,
      () => new Map<string, Child>(),
    )
    return kept(byRule, rule, () => ended.labels(end, origin, rule))
  }

  return {
    began: () => inFlight.inc(),
    ended: (exchange) => {
      inFlight.dec()
      child(exchange.end, exchange.origin, exchange.rule).inc()
      kept(statusChildren, exchange.status, () => statuses.labels(String(exchange.status))).inc()
      if (exchange.interactionId !== undefined) {
        const label = interactionLabel(exchange.interactionId)
        kept(interactionChildren, label, () => byInteraction.labels(label)).inc()
      }
      for (const { rule } of exchange.observed) observed.labels(rule).inc()
      if (exchange.droppedFromRequest.length > 0) fromRequest.inc(exchange.droppedFromRequest.length)
      if (exchange.droppedFromAnswer.length > 0) fromAnswer.inc(exchange.droppedFromAnswer.length)
      if (exchange.requestBytes > 0) requestBytes.inc(exchange.requestBytes)
      if (exchange.responseBytes > 0) responseBytes.inc(exchange.responseBytes)
      for (const [phase, timer] of timers) {
        const milliseconds = exchange.phases[phase]
        if (milliseconds !== undefined) timer.observe(milliseconds / 1000)
      }
    },
  }
}
