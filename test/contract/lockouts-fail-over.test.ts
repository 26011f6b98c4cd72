import { startLockoutNodes } from '../support/lockout-nodes.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { startRedisFailover } from '../support/redis-failover.ts'
import { until } from '../support/until.ts'

const selector = (asid: string) => ({ kind: 'asid', value: asid }) as const
const [before, during, after, lifted] = ['200000000001', '200000000002', '200000000003', '200000000004'] as const

whereInstalled('redis-server', (program) => {
  test('failed over: lockouts made before, during and after are in force everywhere, releases stay, and no epoch goes back', async () => {
    const redis = await startRedisFailover(program)
    const { nodes, close } = await startLockoutNodes(new Array(3).fill(redis.primary.port), 'failover:', redis.sentinels)
    const [one, two, three] = nodes.map(({ lockouts }) => lockouts) as [
      (typeof nodes)[0]['lockouts'],
      (typeof nodes)[0]['lockouts'],
      (typeof nodes)[0]['lockouts'],
    ]
    const inForce = (...asids: readonly string[]) =>
      until(
        `${asids.join(', ')} in force everywhere, and nothing else`,
        () => nodes.every((node) => node.asids().toSorted().join() === asids.toSorted().join()),
        { withinMs: 30_000 },
      )
    const all = (ok: boolean) =>
      until(ok ? 'all are connected' : 'all miss it', () => nodes.every(({ lockouts }) => lockouts.health.ok === ok), { withinMs: 40_000 })
    try {
      await all(true)
      const epochs: number[] = []
      const made = async (lockout: Promise<{ readonly epoch: number } | undefined>) => epochs.push((await lockout)?.epoch ?? 0)
      await made(one.add({ selector: selector(before), reason: 'before' }, 'operator'))
      const toLift = await one.add({ selector: selector(lifted), reason: 'to be lifted' }, 'operator')
      epochs.push(toLift.epoch)
      await inForce(before, lifted)

      await redis.primary.stop()
      await all(false)
      // Nobody can be told, and still it is in force where it was made; the release of an older one too.
      await made(two.add({ selector: selector(during), reason: 'during' }, 'operator'))
      expect(two.find('asid', during)?.reason).toBe('during')
      await made(three.release(toLift.id, 'operator'))
      for (const node of nodes) expect(node.asids()).toContain(before)

      await redis.promoted()
      await all(true)
      await inForce(before, during)
      await made(three.add({ selector: selector(after), reason: 'after' }, 'operator'))
      await inForce(before, during, after)
      // The two that were made apart may have the same number; everything since is above all that was.
      expect(epochs).toEqual(epochs.toSorted((a, b) => a - b))
      expect(epochs.at(-1)).toBeGreaterThan(Math.max(...epochs.slice(0, -1)))
      const { told } = nodes[0] as (typeof nodes)[0]
      expect(told.refused).toEqual([])
    } finally {
      await close()
      await redis.close()
    }
  })
})
