import { setTimeout as pause } from 'node:timers/promises'
import { whereInstalled } from '../../support/outside-program.ts'
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { world } from '../../support/start-world.ts'
import { metricOn } from '../../support/start-world-process.ts'
import { until } from '../../support/until.ts'

interface DrillAnswer {
  readonly node: string
  readonly milliseconds?: number
}

whereInstalled('redis-server', (program) => {
  let redis: RedisServer
  let near: WorkersWorld
  let far: WorkersWorld
  beforeAll(async () => {
    redis = await startRedisServer(program)
    const state = { kind: 'redis', redis: { port: redis.port, commandTimeoutMs: 1_000 } }
    near = await startWorkers({ settings: { state, audit: { node: 'near' } } })
    far = await startWorkers({ settings: { state, audit: { node: 'far' } } })
  })
  afterAll(async () => {
    await near?.close()
    await far?.close()
    await redis?.close()
  })

  const everywhere = async (): Promise<number> => metricOn((await near.page('/metrics')).body, 'ssp_lockout_everywhere_seconds_count')
  const heldUpMs = 1_500

  /** A worker of the other machine stands still until it is told to go on, or all is done; what `act` gives. */
  async function whileHeldUp<T>(act: (goOn: () => void) => Promise<T>): Promise<T> {
    const pid = (await far.pids()).get('w2') as number
    const goOn = (): void => void process.kill(pid, 'SIGCONT')
    process.kill(pid, 'SIGSTOP')
    try {
      return await act(goOn)
    } finally {
      goOn()
    }
  }

  test('a machine acknowledges a lockout once it is in force in each of its workers, and not before', async () => {
    const before = await everywhere()
    const seen = await whileHeldUp(async () => {
      expect((await near.control('POST', '/lockouts', { asid: world.stranger.asid, reason: 'key stolen' })).status).toBe(201)
      await pause(heldUpMs / 2)
      return await everywhere()
    })
    expect(seen).toBe(before)
    await until('it is acknowledged', async () => (await everywhere()) === before + 1)
    const sum = metricOn((await near.page('/metrics')).body, 'ssp_lockout_everywhere_seconds_sum')
    expect(sum).toBeGreaterThan(heldUpMs / 1000 / 2)
  })

  test('a drill takes as long as a lockout would: until each worker of each machine has answered', async () => {
    const drill = async () => ((await near.control('POST', '/lockouts/drill')).body as { nodes: readonly DrillAnswer[] }).nodes
    const usual = await drill()
    expect(usual.map(({ node, milliseconds }) => [node, milliseconds !== undefined])).toEqual([
      ['far', true],
      ['near', true],
    ])
    const slow = await whileHeldUp((goOn) => {
      setTimeout(goOn, heldUpMs)
      return drill()
    })
    expect(slow.find(({ node }) => node === 'far')?.milliseconds).toBeGreaterThan(heldUpMs / 2)
    expect(slow.find(({ node }) => node === 'near')?.milliseconds).toBeLessThan(heldUpMs)
  })
})
