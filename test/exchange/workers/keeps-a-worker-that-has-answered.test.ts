import { setTimeout as pause } from 'node:timers/promises'
import { startWorkers } from '../../support/start-workers.ts'
import { until } from '../../support/until.ts'

test('a worker that has answered is not ended because the process that asked it was held up beyond the time', async () => {
  const here = await startWorkers()
  const before = await here.pids()
  const w1 = before.get('w1') as number
  try {
    process.kill(w1, 'SIGSTOP')
    const page = here.page('/metrics')
    // The question has gone out, and its answer is given while nobody hears it.
    await pause(1_000)
    here.signal('SIGSTOP')
    process.kill(w1, 'SIGCONT')
    await pause(11_000)
    here.signal('SIGCONT')
    expect((await page).body).toContain('ssp_workers{state="ready"} 2')
    // Whoever is ended is replaced within a moment; looked at for longer than that takes to be told.
    await until('a second look', async () => (await here.page('/metrics')).body.includes('ssp_workers_lost_total 0'))
    expect(await here.pids()).toEqual(before)
    expect(here.log.filter(({ msg }) => msg === 'a worker does not answer and is ended')).toEqual([])
  } finally {
    here.signal('SIGCONT')
    await here.close()
  }
})
