import type { TlsClientPem } from '../lib/tls-client-settings.ts'
import { connectRedis, type RedisAddress, type RedisClient, reasonOf } from './redis-client.ts'
import type { RedisSettings } from './state-settings.ts'

/**
 * Connects to the server that may be written to: the one of the settings, or the one that the sentinels name, who are asked in turn beginning
 * with a different one at each `attempt`. With sentinels the server must itself say that it is the primary. Rejects with why there is none.
 */
export async function connectPrimary(
  settings: RedisSettings,
  tls: TlsClientPem | undefined,
  attempt: number,
  signal: AbortSignal,
): Promise<RedisClient> {
  const { username, password, database, sentinels } = settings
  const address = sentinels.length === 0 ? settings : await askSentinels(settings, tls, attempt, signal)
  const client = await connectRedis(address, { username, password, database }, tls, settings, signal)
  try {
    const said = await within(settings.connectTimeoutMs, client.send(probeOf(settings)))
    if (isReplica(said)) throw new Error(`${address.host}:${address.port} is a replica`)
    return client
  } catch (error) {
    client.destroy()
    throw error
  }
}

/** The command by which it is seen whether the server is there; with sentinels it tells whether it is still the primary. */
export function probeOf({ sentinels }: RedisSettings): readonly string[] {
  return sentinels.length === 0 ? ['PING'] : ['ROLE']
}

/** Whether the answer to a probe is that of a replica. */
export function isReplica(answer: unknown): boolean {
  return Array.isArray(answer) && answer[0] !== 'master'
}

async function askSentinels(
  settings: RedisSettings,
  tls: TlsClientPem | undefined,
  attempt: number,
  signal: AbortSignal,
): Promise<RedisAddress> {
  const { sentinels, sentinelUsername: username, sentinelPassword: password, primaryName } = settings
  const failures: string[] = []
  for (let at = 0; at < sentinels.length; at++) {
    const sentinel = sentinels[(attempt + at) % sentinels.length] as RedisAddress
    const name = `${sentinel.host}:${sentinel.port}`
    let client: RedisClient | undefined
    try {
      client = await connectRedis(sentinel, { username, password }, tls, settings, signal)
      const said = await within(settings.connectTimeoutMs, client.send(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', primaryName]))
      if (Array.isArray(said)) return { host: String(said[0]), port: Number(said[1]) }
      failures.push(`${name} knows no primary called ${primaryName}`)
    } catch (error) {
      failures.push(`${name}: ${reasonOf(error)}`)
    } finally {
      client?.destroy()
    }
  }
  throw new Error(`no sentinel names the primary: ${failures.join('; ')}`)
}

async function within<T>(milliseconds: number, answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
  })
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}
