import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLifecycle } from '../../src/app/lifecycle.ts'
import { loadConfig } from '../../src/app/load-config.ts'
import type { RunningProxy } from '../../src/app/running-proxy.ts'
import { type Clock, systemClock } from '../../src/lib/clock.ts'
import { openLog } from '../../src/lib/logger.ts'
import { callControl } from '../../src/ops/control-client.ts'
import { silentReport } from '../../src/state/lockout-fan-out.ts'
import { lockoutSettings } from '../../src/state/lockout-settings.ts'
import { openLockouts } from '../../src/state/open-lockouts.ts'
import { openRedisConnection } from '../../src/state/redis-connection.ts'
import { redisSettings } from '../../src/state/state-settings.ts'
import { lockoutRequest } from '../contract/lockouts.ts'
import { call } from '../support/consumer.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { type Ground, layWorld, world } from '../support/start-world.ts'
import { startTcpRelay } from '../support/tcp-relay.ts'
import { until } from '../support/until.ts'

const signingKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

async function serve(ground: Ground): Promise<RunningProxy> {
  const loaded = await loadConfig(ground.config, {})
  return startLifecycle(loaded, {}, openLog(loaded.config.logging))
}

/** Another node of the same installation, as far as lockouts go, for as long as `act` runs. */
async function onAnotherNode(port: number, act: (lockouts: Awaited<ReturnType<typeof openLockouts>>) => Promise<unknown>): Promise<void> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'lockouts-'))
  const redis = openRedisConnection(redisSettings.parse({ port }), { tls: () => undefined, clock: systemClock, changed: () => undefined })
  const settings = { ...lockoutSettings.parse({}), signingKey }
  const lockouts = await openLockouts(settings, { dataDirectory, node: 'other', clock: systemClock, redis, report: silentReport })
  try {
    expect(await lockouts.caughtUp(10_000)).toBe(true)
    await act(lockouts)
  } finally {
    await lockouts.close()
    await redis.close()
    await rm(dataDirectory, { recursive: true })
  }
}

test('nodes that share lockouts are not started without a key that the others know', async () => {
  const ground = await layWorld({ settings: { state: { kind: 'redis' }, lockouts: { signingKey: undefined } } })
  try {
    await expect(serve(ground)).rejects.toThrow(/lockouts\.signingKey/)
  } finally {
    await ground.clear()
  }
})

whereInstalled('redis-server', (program) => {
  test('a proxy that was away knows what was locked out and released meanwhile before it takes its first call', async () => {
    const redis = await startRedisServer(program)
    const state = { kind: 'redis', redis: { port: redis.port, commandTimeoutMs: 2_000 } }
    const ground = await layWorld({ settings: { state, lockouts: { signingKey, catchUpSeconds: 1 } } })
    try {
      let proxy = await serve(ground)
      const made = await callControl(proxy.socketPath, 'POST', '/lockouts', { organisation: world.consumer.odsCode, reason: 'r' })
      const { id } = made.body as { id: string }
      expect((await call({ ...ground, proxy })).verdict.rule).toBe('lockout')
      await proxy.close()

      await onAnotherNode(redis.port, (lockouts) => lockouts.release(id, 'socket:1'))
      proxy = await serve(ground)
      expect((await call({ ...ground, proxy })).status).toBe(200)
      await proxy.close()

      await onAnotherNode(redis.port, (lockouts) => lockouts.add(lockoutRequest('asid', world.consumer.asid), 'socket:1'))
      proxy = await serve(ground)
      expect((await call({ ...ground, proxy })).verdict.rule).toBe('lockout')
      await proxy.close()

      // R2: without Redis a start waits its time, and then what is on disk is in force.
      await redis.stop()
      proxy = await serve(ground)
      expect((await call({ ...ground, proxy })).verdict.rule).toBe('lockout')
      const { degraded } = (await callControl(proxy.socketPath, 'GET', '/readyz')).body as { degraded: readonly string[] }
      expect(degraded).toContainEqual(expect.stringMatching(/^lockouts: those that are known stay in force/))
      await proxy.close()
    } finally {
      await ground.clear()
      await redis.close()
    }
  })

  test('a proxy that stood still takes no call before it knows what was locked out meanwhile', async () => {
    const redis = await startRedisServer(program)
    const relay = await startTcpRelay(redis.port)
    const state = { kind: 'redis', redis: { port: relay.port, commandTimeoutMs: 10_000 } }
    const ground = await layWorld({ settings: { state, lockouts: { signingKey } } })
    const loaded = await loadConfig(ground.config, {})
    let stoodStill = 0
    const clock: Clock = { now: () => Date.now() + stoodStill, elapsed: () => performance.now() + stoodStill }
    const said: string[] = []
    const proxy = await startLifecycle(
      loaded,
      {},
      openLog({ level: 'warn', format: 'json' }, {}, { write: (line) => said.push(line) }),
      clock,
    )
    try {
      // Nothing that Redis says reaches it, as where it is stopped; to other nodes it is away by then.
      relay.cut()
      await onAnotherNode(redis.port, async (lockouts) => {
        await lockouts.add(lockoutRequest('asid', world.consumer.asid), 'socket:1')
        expect(await lockouts.caughtUp(10_000)).toBe(true)
      })
      stoodStill = 6_000
      const answer = call({ ...ground, proxy })
      const first = await Promise.race([answer, until('it asks', () => said.some((line) => line.includes('"why":"stood still"')))])
      expect(first).toBe(true)
      relay.mend()
      expect((await answer).verdict.rule).toBe('lockout')
    } finally {
      await proxy.close()
      await ground.clear()
      await relay.close()
      await redis.close()
    }
  })
})
