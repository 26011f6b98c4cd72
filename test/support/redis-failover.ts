import { freePort, type RedisServer, startRedisServer } from './redis-server.ts'
import { until } from './until.ts'

/** A primary, its replica, and a sentinel that makes the replica the primary half a second after the first one fell silent. */
export interface RedisFailover {
  readonly primary: RedisServer
  readonly replica: RedisServer
  /** For the settings: one that is not there, and the one that is. */
  readonly sentinels: { host: string; port: number }[]
  /** Resolves once the replica is the primary. */
  promoted(): Promise<unknown>
  close(): Promise<void>
}

/** Starts the three, called `ssp`, and resolves once they know of each other. */
export async function startRedisFailover(program: string): Promise<RedisFailover> {
  const primary = await startRedisServer(program)
  const replica = await startRedisServer(program, { lines: [`replicaof 127.0.0.1 ${primary.port}`] })
  await until('it is a replica in sync', async () => (await replica.cli('INFO', 'replication')).includes('master_link_status:up'))
  const watched = [
    `sentinel monitor ssp 127.0.0.1 ${primary.port} 1`,
    'sentinel down-after-milliseconds ssp 500',
    'sentinel failover-timeout ssp 3000',
  ]
  const sentinel = await startRedisServer(program, { sentinel: true, lines: watched })
  await until(
    'the sentinel knows the replica',
    async () => (await sentinel.cli('SENTINEL', 'REPLICAS', 'ssp')).includes(String(replica.port)),
    { withinMs: 30_000, everyMs: 200 },
  )
  return {
    primary,
    replica,
    sentinels: [
      { host: '127.0.0.1', port: await freePort() },
      { host: '127.0.0.1', port: sentinel.port },
    ],
    promoted: () => until('the replica is the primary', async () => (await replica.cli('ROLE')).startsWith('master'), { withinMs: 40_000 }),
    async close() {
      for (const one of [sentinel, replica, primary]) await one.close()
    },
  }
}
