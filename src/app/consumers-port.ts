import type { Start } from '../checks/check-needs.ts'
import type { Logger } from '../lib/logger.ts'
import type { ListenerSettings } from '../listener/listener-settings.ts'
import { type Listener, type ListenerParts, openListener } from '../listener/tls-listener.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ExpiryGauges } from '../ops/expiry-gauges.ts'
import type { ConsumerLeg } from '../proxy/exchange.ts'

/** What the consumers' port is told by the rest. */
export interface ConsumersPortParts
  extends Pick<ListenerParts, 'trust' | 'registry' | 'certificate' | 'ticketKeys' | 'clock' | 'exchange'> {
  readonly metrics: Metrics
  readonly expiry: ExpiryGauges
  readonly logger: Logger
}

/** Opens the consumers' port, and counts what it tells. A request is decided once whoever must be asked about its certificate has answered. */
export function openConsumersPort(
  settings: ListenerSettings,
  { metrics, expiry, logger, ...parts }: ConsumersPortParts,
): Promise<Listener> {
  const refused = metrics.counter(
    'ssp_consumer_connections_refused_total',
    'Connections of consumers that were closed at once, by the limit they ran into.',
    ['cap'],
  )
  const handshakeFailures = metrics.counter('ssp_tls_handshake_failures_total', 'TLS handshakes of consumers that failed.')
  const exchangeWhenReady = async (start: Start, leg: ConsumerLeg): Promise<void> => {
    const asked = start.connection.ready?.()
    if (asked === undefined) return parts.exchange(start, leg)
    await asked
    // While it waited a reload may have changed everything: what decides is all of one time.
    return parts.exchange({ ...start, registry: parts.registry() }, leg)
  }
  return openListener(settings, {
    ...parts,
    exchange: exchangeWhenReady,
    connectionRefused: (cap) => refused.labels(cap).inc(),
    unforeseen: (error) => logger.error({ error: error instanceof Error ? error.message : 'unknown' }, 'unforeseen on the consumers’ leg'),
    handshakeFailed: () => handshakeFailures.inc(),
    certificateSeen: (name, notAfter) => expiry.peer('consumer', name, notAfter),
  })
}
