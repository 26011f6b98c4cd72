import type { TlsClientPem } from '../lib/tls-client-settings.ts'
import type { RedisSettings } from './state-settings.ts'

/** One server. */
export interface RedisAddress {
  readonly host: string
  readonly port: number
}

/** Who signs in. */
export interface RedisSignIn {
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly database?: number
}

/** One connection to one server. It never reconnects, and whatever ends it is told once, by `lost`. */
export interface RedisClient {
  /** Resolves with the reply; rejects with what Redis or the connection said. Waits as long as it takes: the budget is the caller's. */
  send(args: readonly string[]): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<void>
  unsubscribe(channel: string): Promise<void>
  /** Resolves, with why, when the connection is no more. */
  readonly lost: Promise<string>
  /** Ends it at once, for the reason that `lost` then tells: everything unanswered rejects. */
  destroy(why?: string): void
}

/** No more unanswered commands than this on one connection: a server that hangs costs no memory. */
const mostUnanswered = 4_096

const closed = 'closed by the proxy'

/** Connects and signs in within `connectTimeoutMs`. Rejects with what went wrong, or at once where the signal ends it, with nothing left open. */
export async function connectRedis(
  { host, port }: RedisAddress,
  { username, password, database }: RedisSignIn,
  tls: TlsClientPem | undefined,
  settings: RedisSettings,
  signal: AbortSignal,
): Promise<RedisClient> {
  // Loaded where it is needed: whoever shares nothing does not pay for it in memory, some 20 MB.
  const { createClient } = await import('@redis/client')
  if (signal.aborted) throw new Error(closed)
  const client = createClient({
    RESP: 3,
    socket: {
      host,
      port,
      connectTimeout: settings.connectTimeoutMs,
      reconnectStrategy: false,
      ...(tls && tlsOptions(tls, host, settings)),
    },
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && database > 0 && { database }),
    commandsQueueMaxLength: mostUnanswered,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
  })
  let end: (why: string) => void = () => undefined
  const lost = new Promise<string>((resolve) => {
    end = resolve
  })
  client.on('error', (error: unknown) => end(reasonOf(error)))
  client.on('end', () => end('the connection was closed'))
  const stop = (why: string): void => {
    end(why)
    client.destroy()
  }
  const timer = setTimeout(() => stop(`no connection within ${settings.connectTimeoutMs} ms`), settings.connectTimeoutMs)
  const aborted = (): void => stop(closed)
  signal.addEventListener('abort', aborted, { once: true })
  const connected = client.connect()
  connected.catch(() => undefined)
  try {
    await Promise.race([
      connected,
      lost.then((why) => {
        throw new Error(why)
      }),
    ])
  } catch (error) {
    client.destroy()
    throw error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', aborted)
  }
  return {
    lost,
    send: (args) => client.sendCommand(args),
    subscribe: (channel, listener) => client.subscribe(channel, listener),
    unsubscribe: (channel) => client.unsubscribe(channel),
    destroy: (why = closed) => stop(why),
  }
}

function tlsOptions({ anchors, certificate, key }: TlsClientPem, host: string, { tls }: RedisSettings) {
  const name = tls?.serverName ?? host
  return {
    tls: true as const,
    ca: [...anchors],
    minVersion: 'TLSv1.2' as const,
    // SNI is for names alone; an address is still compared with the certificate's.
    ...(/^[\d.]+$|:/.test(name) ? {} : { servername: name }),
    ...(certificate !== undefined && key !== undefined && { cert: certificate, key }),
  }
}

/** What an error says, for the operator: no key, no secret. */
export function reasonOf(error: unknown): string {
  const { message = '', code = 'unknown' } = (error ?? {}) as Partial<NodeJS.ErrnoException>
  return message === '' ? code : message
}
