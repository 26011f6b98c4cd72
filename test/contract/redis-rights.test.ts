import { readFileSync } from 'node:fs'
import { rateOf } from '../../src/protection/party-limit.ts'
import { evidenceAgainst, evidenceNodes, oneRule } from '../support/evidence-nodes.ts'
import { sharingNodes } from '../support/limit-nodes.ts'
import { startLockoutNodes } from '../support/lockout-nodes.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { startRedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { fresh } from './allowances.ts'

whereInstalled('redis-server', (program) => {
  test('the rights that the documentation names for a user of its own are enough for lockouts, evidence and limits', async () => {
    const page = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')
    const rights = /A user of its own needs `([^`]+)`/.exec(page)?.[1]?.split(/\s+/) ?? []
    const closing: (() => Promise<unknown>)[] = []
    try {
      const redis = await startRedisServer(program)
      closing.push(redis.close)
      const admin = (...command: readonly string[]) => redis.cli('--user', 'admin', '--pass', 'secret', '--no-auth-warning', ...command)
      await redis.cli('ACL', 'SETUSER', 'admin', 'on', '>secret', '~*', '&*', '+@all')
      // Whoever does not sign in is this user.
      expect(await redis.cli('ACL', 'SETUSER', 'default', 'reset', 'on', 'nopass', ...rights)).toBe('OK')
      await admin('CONFIG', 'RESETSTAT')

      const { nodes, close } = await startLockoutNodes([redis.port, redis.port], 'ssp:')
      closing.push(close)
      await until('both are connected', () => nodes.every(({ lockouts }) => lockouts.health.ok))
      const [one, two] = nodes as [(typeof nodes)[0], (typeof nodes)[0]]
      const asid = '200000000359'
      const made = await one.lockouts.add({ selector: { kind: 'asid', value: asid }, reason: 'test', forSeconds: 60 }, 'operator')
      await until('the other has it', () => two.asids().includes(asid))
      await two.lockouts.release(made.id, 'operator')
      await until('the release is there', () => !one.asids().includes(asid))
      // What nobody signed stands in its way, is looked at and taken off.
      await admin('HSET', 'ssp:lockouts:records', made.id, '999 2 x {}')
      const again = await one.lockouts.add({ selector: { kind: 'asid', value: asid }, reason: 'again', forSeconds: 60 }, 'operator')
      await until('it is told', () => two.asids().includes(asid))
      await admin('HSET', 'ssp:lockouts:records', again.id, '999 2 x {}')
      await one.lockouts.release(again.id, 'operator')
      await until('that release is there', () => !two.asids().includes(asid))

      const evidence = await evidenceNodes([{ port: redis.port }, { port: redis.port }], oneRule({}, { maxIdentities: 100 }))
      for (const node of evidence) closing.push(() => node.end())
      for (let nth = 0; nth < 200; nth++) {
        for (const node of evidence) node.suspected(evidenceAgainst(nth, 'e'))
        if (nth % 50 === 49) for (const node of evidence) await node.settled()
      }
      // Those of a process that is no more are taken off.
      await admin('HSET', `ssp:evidence:of:certificate:${'9'.padStart(64, '0')}`, 'a run', '1 nonsense')
      for (let nth = 0; nth < 9; nth++) evidence[nth % 2]?.suspected(evidenceAgainst(9, 'e'))
      for (const node of evidence) await node.settled()
      expect(await evidence[0]?.shared.claim('x', 1_000)).toBe(true)

      const [limits] = await sharingNodes(1, { port: redis.port })
      closing.push(async () => limits?.close())
      for (let nth = 0; nth < 3; nth++) limits?.allowances.take([fresh({ rate: rateOf(0.001, 1) })], 0)
      await until('its buckets are there', async () => (await admin('--raw', 'KEYS', 'ssp:bucket:*')).includes('ssp:bucket'))
      await until('the node is known', async () => (await admin('ZCARD', 'ssp:nodes')) === '1')
      for (const close of closing.splice(1).reverse()) await close()

      expect(await admin('ACL', 'LOG')).toBe('')
      const used = [...(await admin('INFO', 'commandstats')).matchAll(/^cmdstat_([a-z]+)/gm)].map(([, name]) => `+${name}`)
      // It went every way: but to sentinels, to another database, and away from a channel.
      expect(used).toEqual(expect.arrayContaining(['+del', '+hdel', '+hget', '+hgetall', '+hscan', '+incr', '+zrange', '+zrangebyscore']))
    } finally {
      for (const close of closing.reverse()) await close()
    }
  })
})
