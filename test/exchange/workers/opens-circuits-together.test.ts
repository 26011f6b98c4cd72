import { startWorkers } from '../../support/start-workers.ts'
import { shakeHands } from '../../support/tls-consumer.ts'
import { until } from '../../support/until.ts'

test('a circuit that opens in one worker is open in the other, which has seen no failure of its own, and in one that begins later', async () => {
  const here = await startWorkers({ settings: { forwarding: { breaker: { minimumCalls: 6, openSeconds: 60 } } } })
  try {
    const [one, other] = [await shakeHands(here), await shakeHands(here)]
    here.provider.answer = (_request, response) => response.writeHead(503).end('{}')
    const seen: string[] = []
    for (let nth = 0; nth < 12 && seen.at(-1) !== 'provider-capacity'; nth++) {
      seen.push((await one.ask())?.rule ?? '')
    }
    expect(seen.at(-1)).toBe('provider-capacity')
    expect(await other.ask()).toMatchObject({ status: 503, rule: 'provider-capacity' })
    const forwardings = (worker: string) => here.auditOf(worker).filter(({ type }) => type === 'forwarding').length
    expect([forwardings('w1'), forwardings('w2')].sort()).toEqual([0, seen.length - 1])
    // So is it in a worker that begins afterwards.
    const before = await here.pids()
    process.kill(before.get('w2') as number, 'SIGKILL')
    await until('it is replaced', async () => {
      const page = (await here.page('/metrics')).body
      return page.includes('ssp_workers_lost_total 1') && page.includes('ssp_workers{state="ready"} 2')
    })
    for (let nth = 0; nth < 2; nth++) {
      const again = await shakeHands(here)
      expect(await again.ask()).toMatchObject({ status: 503, rule: 'provider-capacity' })
      again.socket.destroy()
    }
    one.socket.destroy()
    other.socket.destroy()
  } finally {
    await here.close()
  }
})
