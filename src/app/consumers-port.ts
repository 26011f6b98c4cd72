import type { Start } from '../checks/check-needs.ts'
import type { Logger } from '../lib/logger.ts'
import type { ListenerSettings } from '../listener/listener-settings.ts'
import { type Listener, type ListenerParts, openListener } from '../listener/tls-listener.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { ExpiryGauges } from '../ops/expiry-gauges.ts'
import { createPresentations } from '../pki/presentations.ts'
import type { ConsumerLeg } from '../proxy/exchange.ts'
import type { LookLeg } from '../proxy/exchange-look.ts'
import { StartRefused } from './start-refused.ts'

/** What the consumers' port is told by the rest. */
export interface ConsumersPortParts
  extends Pick<ListenerParts, 'settings' | 'trust' | 'registry' | 'certificate' | 'ticketKeys' | 'clock' | 'exchange'> {
  readonly metrics: Metrics
  readonly expiry: ExpiryGauges
  readonly logger: Logger
}

/** The consumers' port. It can move: the new address is bound first, then the old one drains. */
export interface ConsumersPort extends Omit<Listener, 'port'> {
  /** 0 until it is open. */
  readonly port: number
  /** All that are listened to now. */
  readonly ports: readonly number[]
  /** Begins to take calls at the address of the settings in force. Rejects with the system's error where another program has it, else with `StartRefused`. */
  open(): Promise<void>
  /** Binds the address of these settings where it is another one. Rejects with `StartRefused` where it cannot be had, with nothing bound. */
  prepare(next: ListenerSettings): Promise<void>
  /** What was bound is let go. */
  abandon(): void
  /** What was bound is the port from now on; at the one before nobody is let in any more, and calls end in the time that the settings give. */
  move(): void
}

type Address = Pick<ListenerSettings, 'host' | 'port'>

/** Makes it, and counts what it tells. A request is decided once whoever must be asked about its certificate has answered. */
export function consumersPort({ metrics, expiry, logger, ...parts }: ConsumersPortParts): ConsumersPort {
  const { settings } = parts
  const refused = metrics.counter(
    'ssp_consumer_connections_refused_total',
    'Connections of consumers that were closed for a limit that they ran into, by that limit.',
    ['cap'],
  )
  const handshakeFailures = metrics.counter('ssp_tls_handshake_failures_total', 'TLS handshakes of consumers that failed.')
  const presentations = createPresentations()
  const leaving = new Set<Listener>()
  let current: Listener | undefined
  let bound: Address | undefined
  let coming: { readonly listener: Listener; readonly address: Address } | undefined

  const exchangeWhenReady = async (start: Start, leg: ConsumerLeg & LookLeg): Promise<void> => {
    const asked = start.connection.ready?.()
    if (asked === undefined) return parts.exchange(start, leg)
    await asked
    // While it waited a reload may have changed everything: what decides is all of one time.
    return parts.exchange({ ...start, registry: parts.registry() }, leg)
  }

  function listenOn(address: Address): Promise<Listener> {
    return openListener(address, {
      ...parts,
      presentations,
      exchange: exchangeWhenReady,
      connectionRefused: (cap) => refused.labels(cap).inc(),
      unforeseen: (error) =>
        logger.error({ error: error instanceof Error ? error.message : 'unknown' }, 'unforeseen on the consumers’ leg'),
      handshakeFailed: () => handshakeFailures.inc(),
      certificateSeen: (name, notAfter) => expiry.peer('consumer', name, notAfter),
    })
  }

  const all = (): readonly Listener[] => [...leaving, ...[current, coming?.listener].filter((one) => one !== undefined)]
  const sum = (count: (one: Listener) => number): number => all().reduce((so, one) => so + count(one), 0)

  function letGo(listener: Listener, withinMs: number): void {
    leaving.add(listener)
    void listener.drain(withinMs).then(() => leaving.delete(listener))
  }

  return {
    get port() {
      return current?.port ?? 0
    },
    get ports() {
      return all().map(({ port }) => port)
    },
    get connections() {
      return sum(({ connections }) => connections)
    },
    async open() {
      const { host, port } = settings()
      current = await listenOn({ host, port }).catch((error: NodeJS.ErrnoException) => {
        throw error.code === 'EADDRINUSE' ? error : cannotListen({ host, port }, error)
      })
      bound = { host, port }
    },
    async prepare({ host, port }) {
      if (bound === undefined || (bound.host === host && bound.port === port)) return
      try {
        coming = { listener: await listenOn({ host, port }), address: { host, port } }
      } catch (error) {
        throw cannotListen({ host, port }, error)
      }
    },
    abandon() {
      if (coming !== undefined) letGo(coming.listener, 0)
      coming = undefined
    },
    move() {
      if (coming === undefined) return
      const { host, drainSeconds } = settings()
      if (current !== undefined) letGo(current, drainSeconds * 1000)
      current = coming.listener
      bound = coming.address
      coming = undefined
      logger.info({ host, port: current.port }, 'the consumers’ port has moved')
    },
    renew() {
      for (const one of all()) one.renew()
    },
    cut: (why) => sum((one) => one.cut(why)),
    async drain(deadlineMs) {
      const left = await Promise.all(all().map((one) => one.drain(deadlineMs)))
      return left.reduce((so, one) => so + one, 0)
    },
  }
}

function cannotListen({ host, port }: Address, error: unknown): StartRefused {
  return new StartRefused(`listener: cannot listen on ${host}, port ${port} (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`)
}
