import { call } from '../support/consumer.ts'
import { freePort } from '../support/redis-server.ts'
import { startWorld, type World } from '../support/start-world.ts'

let here: World
beforeAll(async () => {
  const postgres = { host: '127.0.0.1', port: await freePort(), connectTimeoutMs: 1_000 }
  here = await startWorld({ settings: { index: { kind: 'postgres', postgres } } })
})
afterAll(() => here.close())

test('while the database of the index is away calls go on, and whoever asks for a verdict is told when to come again', async () => {
  const passed = await call(here)
  expect(passed.status).toBe(200)
  const looked = await Promise.all(
    [passed.exchange, '0'.repeat(32)].map((id) => call(here, { target: `/ssp/exchanges/${id}`, headers: { 'Ssp-From': undefined } })),
  )
  for (const answer of looked) {
    expect({ status: answer.status, code: answer.code, rule: answer.verdict.rule, retry: answer.headers['retry-after'] }).toEqual({
      status: 503,
      code: 'INDEX_UNAVAILABLE',
      rule: 'exchange-look',
      retry: '5',
    })
    // Where the database is, and what it said, is nobody's outside.
    expect(answer.body.toString()).not.toMatch(/127\.0\.0\.1|ECONNREFUSED|postgres/i)
  }
  expect((await call(here)).status).toBe(200)
})
