import type { TLSSocket } from 'node:tls'
import { Client, type Dispatcher, Pool } from 'undici'
import { type ConnectionUse, newConnectionUse, type OnConnection } from './connection-use.ts'
import type { ForwardingSettings } from './forwarding-settings.ts'
import { filterInterim } from './interim-filter.ts'
import type { DialHost, ProviderName } from './provider-connector.ts'

/** One provider host: its connections, and how many calls are under way. */
export interface ProviderPool {
  readonly pool: Pool
  inFlight: number
  lastUsed: number
}

/** Connections to providers, one pool a host and pin, made at the first call and closed when nobody has asked for a while. */
export interface ProviderPools {
  /** The provider's pool with one more call in flight; how many there may be is decided before (row 15). Give it back with `release`. */
  take(name: ProviderName): ProviderPool
  release(taken: ProviderPool): void
  /** Calls in flight per host, for the metrics. */
  readonly inFlight: ReadonlyMap<string, ProviderPool>
  close(): Promise<void>
}

/** A pool whose host was not asked for this long is closed. */
const idlePoolMs = 300_000
/** The client library's own queue never fills: no more calls are let in than there are connections. */
const answerHeaderBytes = 65_536

/** Makes the pools. `dialOf` gives a provider's way to be dialled. */
export function createProviderPools(
  settings: ForwardingSettings,
  dialOf: (name: ProviderName) => DialHost,
  now: () => number,
): ProviderPools {
  const pools = new Map<string, ProviderPool>()

  function open(key: string, name: ProviderName): ProviderPool {
    const dial = dialOf(name)
    const pool = new Pool(`https://${name.host}`, {
      connections: settings.connectionsPerProvider,
      pipelining: 1,
      factory: (origin, options) => new CountingClient(origin, options as Client.Options, dial),
      allowH2: false,
      maxHeaderSize: answerHeaderBytes,
      headersTimeout: settings.firstByteTimeoutSeconds * 1000,
      bodyTimeout: settings.silenceTimeoutSeconds * 1000,
      keepAliveTimeout: settings.idleConnectionSeconds * 1000,
      keepAliveMaxTimeout: settings.idleConnectionSeconds * 1000,
    })
    const made = { pool, inFlight: 0, lastUsed: now() }
    pools.set(key, made)
    return made
  }

  const sweeper = setInterval(() => {
    for (const [host, one] of pools) {
      if (one.inFlight > 0 || now() - one.lastUsed < idlePoolMs) continue
      pools.delete(host)
      one.pool.destroy().catch(() => undefined)
    }
  }, 60_000)
  sweeper.unref()

  return {
    inFlight: pools,
    take({ host, pin }) {
      const key = pin === undefined ? host : `${host} ${pin}` // no host has a space
      const one = pools.get(key) ?? open(key, pin === undefined ? { host } : { host, pin })
      one.inFlight++
      one.lastUsed = now()
      return one
    },
    release(taken) {
      taken.inFlight--
    },
    async close() {
      clearInterval(sweeper)
      await Promise.all([...pools.values()].map(({ pool }) => pool.destroy()))
      pools.clear()
    },
  }
}

/** One connection of a pool, which tells each request's taker what the connection has carried so far. */
class CountingClient extends Client {
  readonly #use: ConnectionUse

  constructor(origin: URL | string, options: Client.Options, dial: DialHost) {
    const use = newConnectionUse()
    super(origin, {
      ...options,
      connect: (_options, callback) => {
        dial().then(
          (socket: TLSSocket) => {
            use.broken = undefined
            socket.on('error', (error) => {
              use.broken ??= error
            })
            use.retire = () => socket.destroy()
            callback(null, filterInterim(socket, use.interim))
          },
          (error: unknown) => callback(error as Error, null),
        )
      },
    })
    this.#use = use
    this.on('connect', () => {
      use.answers = 0
    })
  }

  override dispatch(options: Dispatcher.DispatchOptions, taker: Dispatcher.DispatchHandler & Partial<OnConnection>): boolean {
    taker.connection = this.#use
    return super.dispatch(options, taker)
  }
}
