import { keptLockouts } from '../../../src/state/kept-lockouts.ts'
import type { LockoutList } from '../../../src/state/lockout-list.ts'
import type { LockoutSigning } from '../../../src/state/lockout-signing.ts'
import type { RedisConnection, RedisReply } from '../../../src/state/redis-connection.ts'
import { manualClock } from '../../support/manual-clock.ts'

test('where so many are not answered in time fewer are asked for, and that many from then on', async () => {
  const asked: number[] = []
  const run: RedisConnection['run'] = async (_script, _keys, [, most]): Promise<RedisReply> => {
    asked.push(Number(most))
    return Number(most) > 30 ? { kind: 'failed', why: 'no answer within 100 ms' } : { kind: 'reply', value: ['0', []] }
  }
  const redis = { run } as RedisConnection
  const report = { refused: () => undefined }
  const kept = keptLockouts({ redis, hash: 'h', list: {} as LockoutList, signing: {} as LockoutSigning, clock: manualClock(), report })
  for (let nth = 0; nth < 3; nth++) expect(await kept.readAll(0)).toBeUndefined()
  for (let nth = 0; nth < 2; nth++) expect(await kept.readAll(0)).toEqual(new Map())
  expect(asked).toEqual([200, 100, 50, 25, 25])
})
