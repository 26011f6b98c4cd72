import { startWorkers } from '../../support/start-workers.ts'
import { shakeHands } from '../../support/tls-consumer.ts'
import { until } from '../../support/until.ts'

test('a consumer whose intermediate only it has sent is served when its session is resumed at the worker that never saw it', async () => {
  const here = await startWorkers({ settings: { trust: { intermediates: [], crls: [], requireCrl: false } } })
  try {
    const only = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
    const first = await shakeHands(here, only)
    expect((await first.ask())?.status).toBe(200)
    const session = first.session as Buffer
    first.socket.destroy()
    for (let nth = 0; nth < 4; nth++) {
      const again = await shakeHands(here, { ...only, session })
      expect([again.socket.isSessionReused(), (await again.ask())?.status]).toEqual([true, 200])
      again.socket.destroy()
    }
    const forwarded = ['w1', 'w2'].map((worker) => here.auditOf(worker).filter(({ type }) => type === 'forwarding').length)
    expect(Math.min(...forwarded)).toBeGreaterThanOrEqual(2)
  } finally {
    await here.close()
  }
})

test('workers end with the process that steers them: nobody takes calls who would hear of no lockout', async () => {
  const here = await startWorkers()
  try {
    const pids = [...(await here.pids()).values()]
    expect(pids).toHaveLength(2)
    here.signal('SIGKILL')
    await here.ended
    await until('both have gone', () => pids.every((pid) => !isAlive(pid)))
  } finally {
    await here.close()
  }
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
