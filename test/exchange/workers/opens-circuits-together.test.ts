import { setTimeout as delay } from 'node:timers/promises'
import { runSsp } from '../../support/run-ssp.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { world } from '../../support/start-world.ts'
import { shakeHands } from '../../support/tls-consumer.ts'
import { until } from '../../support/until.ts'

/**
 * Resolves once each worker has heard what another told before. Each is asked for its counts, in turn with all else it tells and is told: the first answers come
 * behind what was told, the second questions go behind what was passed on.
 */
async function heard({ page }: WorkersWorld): Promise<void> {
  for (let nth = 0; nth < 2; nth++) expect((await page('/metrics')).status).toBe(200)
}

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
    await heard(here)
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

test('a circuit opens by the errors that both workers saw, of which neither saw enough', async () => {
  const here = await startWorkers({ settings: { forwarding: { breaker: { minimumCalls: 10, openSeconds: 60 } } } })
  try {
    const both = [await shakeHands(here), await shakeHands(here)]
    for (const one of both) expect(await one.ask()).toMatchObject({ status: 200 })
    // Nothing is left to be told of these two.
    await delay(1_500)
    here.provider.answer = (_request, response) => response.writeHead(502).end('{}')
    const seen: string[] = []
    for (let nth = 0; nth < 30 && seen.at(-1) !== 'provider-capacity'; nth++) {
      seen.push((await both[nth % 2]?.ask())?.rule ?? '')
      await delay(150)
    }
    expect(seen.at(-1)).toBe('provider-capacity')
    // Ten that failed, two that had gone well, and those that came before each had heard of the other's.
    expect(seen.length).toBeLessThanOrEqual(16)
    for (const one of both) one.socket.destroy()
  } finally {
    await here.close()
  }
})

test('a circuit that an operator has held and let go of is closed in a worker that begins afterwards', async () => {
  const here = await startWorkers({ settings: { forwarding: { breaker: { minimumCalls: 6, openSeconds: 300, longestOpenSeconds: 300 } } } })
  try {
    const one = await shakeHands(here)
    const { answer } = here.provider
    here.provider.answer = (_request, response) => response.writeHead(503).end('{}')
    for (let rule = ''; rule !== 'provider-capacity'; ) rule = (await one.ask())?.rule ?? ''
    here.provider.answer = answer
    for (const act of ['hold-closed', 'release'])
      await runSsp(['breaker', act, '--host', world.provider.fqdn, '--reason', 'mended', '--config', here.config])
    await until('calls pass', async () => (await one.ask())?.status === 200)
    process.kill((await here.pids()).get('w2') as number, 'SIGKILL')
    await until('it is replaced', async () => {
      const page = (await here.page('/metrics')).body
      return page.includes('ssp_workers_lost_total 1') && page.includes('ssp_workers{state="ready"} 2')
    })
    for (let nth = 0; nth < 2; nth++) {
      const again = await shakeHands(here)
      expect(await again.ask()).toMatchObject({ status: 200 })
      again.socket.destroy()
    }
  } finally {
    await here.close()
  }
})
