import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/lib/clock.ts'
import { silentReport } from '../../src/state/lockout-fan-out.ts'
import { openLockouts } from '../../src/state/open-lockouts.ts'
import { openRedisConnection } from '../../src/state/redis-connection.ts'
import { redisSettings } from '../../src/state/state-settings.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { lockoutsContract } from './lockouts.ts'

whereInstalled('redis-server', (program) => {
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedisServer(program)
  })
  afterAll(() => server.close())

  lockoutsContract('of a node that shares them through Redis', async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'lockouts-'))
    const signingKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    const time = { ms: Date.UTC(2026, 0, 1) }
    const clock = { now: () => time.ms, elapsed: () => performance.now() }
    const settings = redisSettings.parse({ port: server.port, prefix: `${dataDirectory}:`, commandTimeoutMs: 2_000 })
    return {
      time,
      async open(lockouts) {
        const redis = openRedisConnection(settings, { tls: () => undefined, clock: systemClock, changed: () => undefined })
        const opened = await openLockouts({ ...lockouts, signingKey }, { dataDirectory, node: 'node1', clock, redis, report: silentReport })
        return {
          ...opened,
          get size() {
            return opened.size
          },
          async close() {
            await opened.close()
            await redis.close()
          },
        }
      },
      close: () => rm(dataDirectory, { recursive: true }),
    }
  })
})
