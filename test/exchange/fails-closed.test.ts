import { rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { call } from '../support/consumer.ts'
import { type ExpectedRefusal, expectRefusedAnswer } from '../support/expect-refusal.ts'
import { startWorld } from '../support/start-world.ts'
import { until } from '../support/until.ts'

const unavailable: ExpectedRefusal = {
  status: 503,
  rule: 'audit',
  origin: 'proxy',
  code: 'AUDIT_UNAVAILABLE',
  issue: 'transient',
  text: 'AUDIT_UNAVAILABLE',
  closes: false,
}

test('no audit record, no forwarding: 503 with Retry-After while the log cannot go on, and forwarding again once it can', async () => {
  // The log must begin a new file every 4 kB, and its folder has gone.
  const here = await startWorld({ settings: { audit: { segmentBytes: 4096 } } })
  try {
    const log = join(here.directory, 'data', 'audit', 'test-main')
    await rename(log, `${log}-gone`)
    const answer = await until('the log is at its end', async () => {
      const next = await call(here)
      return next.status === 200 ? undefined : next
    })
    const before = here.provider.received.length
    expectRefusedAnswer(answer, unavailable)
    expect([answer.headers['retry-after'], answer.headers['ssp-receipt']]).toEqual(['5', undefined])
    for (let i = 0; i < 5; i++) expectRefusedAnswer(await call(here), unavailable)
    expect(here.provider.received).toHaveLength(before)
    await rename(`${log}-gone`, log)
    await until('calls are forwarded again', async () => (await call(here)).status === 200)
  } finally {
    await here.close()
  }
})

test('a reload that finds no valid registry keeps the last good one, and calls go on', async () => {
  const here = await startWorld()
  try {
    await writeFile(join(here.directory, 'registry.yaml'), 'systems: [')
    expect(await here.proxy.reload('test')).toMatchObject({ ok: false })
    await rm(join(here.directory, 'registry.yaml'))
    expect(await here.proxy.reload('test')).toMatchObject({ ok: false })
    expect((await call(here)).status).toBe(200)
  } finally {
    await here.close()
  }
})
