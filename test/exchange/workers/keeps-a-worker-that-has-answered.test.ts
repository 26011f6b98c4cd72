import { setTimeout as pause } from 'node:timers/promises'
import { call, open, wireText } from '../../support/consumer.ts'
import { startWorkers } from '../../support/start-workers.ts'
import { until } from '../../support/until.ts'

test('a worker that has answered is not ended because the process that asked it was held up beyond the time, and meanwhile takes no calls', async () => {
  const here = await startWorkers()
  const before = await here.pids()
  const w1 = before.get('w1') as number
  const connection = await open(here)
  try {
    process.kill(w1, 'SIGSTOP')
    const page = here.page('/metrics')
    // The question has gone out, and its answer is given while nobody hears it.
    await pause(1_000)
    here.signal('SIGSTOP')
    process.kill(w1, 'SIGCONT')
    await pause(5_000)
    // Nobody tells the workers of lockouts any more: what comes waits for that, and is then refused.
    let answered = ''
    connection.on('data', (bytes: Buffer) => {
      answered += bytes.toString('latin1')
    })
    connection.write(wireText())
    await pause(6_000)
    expect(answered).toContain('rule="lockout"')
    expect(answered).toContain('code=LOCKOUTS_UNKNOWN')
    here.signal('SIGCONT')
    await until('calls are taken again', async () => (await call(here)).status === 200)
    expect((await page).body).toContain('ssp_workers{state="ready"} 2')
    // Whoever is ended is replaced within a moment; looked at for longer than that takes to be told.
    await until('a second look', async () => (await here.page('/metrics')).body.includes('ssp_workers_lost_total 0'))
    expect(await here.pids()).toEqual(before)
    expect(here.log.filter(({ msg }) => msg === 'a worker does not answer and is ended')).toEqual([])
  } finally {
    here.signal('SIGCONT')
    connection.destroy()
    await here.close()
  }
})
