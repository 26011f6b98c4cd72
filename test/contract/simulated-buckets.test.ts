import { leaseScript } from '../../src/state/redis-buckets.ts'
import { seededRandom } from '../simulate/seeded-random.ts'
import { granted } from '../simulate/shared-buckets-model.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { startRedisServer } from '../support/redis-server.ts'

whereInstalled('redis-server', (program) => {
  test('the buckets of the simulation give what the script gives in Redis, at the same times', async () => {
    const redis = await startRedisServer(program)
    try {
      // The time is an argument here, so that both have the same.
      const timed = leaseScript.source.replace("redis.call('TIME')", '{tonumber(ARGV[11]), tonumber(ARGV[12])}')
      // Redis would forget the bucket by its own clock, which on a busy machine runs ahead of the argument.
      const source = timed.replace(/, 'PX', .*$/m, ')')
      expect([timed, source]).not.toContain(leaseScript.source)
      expect(source).not.toContain("'PX'")
      const random = seededRandom(7)
      const model = new Map<string, number>()
      let now = 1_000_000
      for (let nth = 0; nth < 150; nth++) {
        now += random.below(400)
        const perSecond = 10 + random.below(200)
        const interval = 1000 / perSecond
        const ask = {
          ...{
            bucket: 'one',
            interval,
            tolerance: interval * 50,
            debt: random.below(3),
            returned: random.below(4),
            want: random.below(30),
          },
          ...{
            left: random.below(10),
            among: random.below(2) * 8,
            horizon: 250,
            known: random.below(3) * 100,
            insist: random.below(4) === 0,
            furthest: interval * 50 + random.below(1_000),
          },
        }
        const micro = (ms: number): string => String(ms * 1000)
        const args = [
          ...[micro(ask.interval), micro(ask.tolerance), ask.debt, ask.returned, ask.want, ask.left, ask.among, micro(ask.horizon)].map(
            String,
          ),
          micro(ask.insist && ask.known > 0 ? -ask.known : ask.known),
          micro(ask.furthest),
          ...[String(Math.floor(now / 1000)), String((now % 1000) * 1000)],
        ]
        const said = (await redis.cli('--raw', 'EVAL', source, '1', 'one', ...args)).split('\n').map(Number)
        const { granted: count, first, ahead } = granted(model, ask, now)
        expect(said[0]).toBe(count)
        expect(Math.abs((said[1] ?? Number.NaN) / 1000 - first)).toBeLessThan(0.1)
        expect(Math.abs((said[2] ?? Number.NaN) / 1000 - ahead)).toBeLessThan(0.1)
      }
    } finally {
      await redis.close()
    }
  })
})
