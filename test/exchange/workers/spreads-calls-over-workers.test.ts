import { call } from '../../support/consumer.ts'
import { runSsp } from '../../support/run-ssp.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { shakeHands } from '../../support/tls-consumer.ts'
import { until } from '../../support/until.ts'

let here: WorkersWorld
beforeAll(async () => {
  here = await startWorkers({ settings: { checks: { throttle: { requestsPerSecond: 100_000, burst: 100_000, concurrent: 10_000 } } } })
})
afterAll(() => here.close())

const share = (worker: string) => here.auditOf(worker).filter(({ type }) => type === 'forwarding').length

test('connections go to the workers in turn: each takes 40 to 60 of a hundred calls', async () => {
  const before = [share('w1'), share('w2')]
  for (let nth = 0; nth < 100; nth++) expect((await call(here)).status).toBe(200)
  const [first = 0, second = 0] = [share('w1') - (before[0] ?? 0), share('w2') - (before[1] ?? 0)]
  expect(first + second).toBe(100)
  expect(Math.min(first, second)).toBeGreaterThanOrEqual(40)
})

test('the metrics page is the sum of what all workers did, with one line a metric', async () => {
  const forwarded = share('w1') + share('w2')
  expect(forwarded).toBeGreaterThanOrEqual(100)
  const { body } = await here.page('/metrics')
  const lines = body.split('\n').filter((line) => line.startsWith('ssp_exchange') && /_count\b|_total\b/.test(line))
  const answered = lines
    .filter((line) => /^ssp_exchanges_total\{/.test(line))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  expect(answered).toBe(forwarded)
  expect(body.match(/^process_cpu_seconds_total /gm)).toHaveLength(1)
  expect(body).toContain('ssp_workers{state="ready"} 2')
})

test('a session of one worker is resumed at the other, and behind a lockout at none', async () => {
  const first = await shakeHands(here, { maxVersion: 'TLSv1.2' })
  expect((await first.ask())?.status).toBe(200)
  const session = first.session as Buffer
  first.socket.destroy()
  const reused: boolean[] = []
  for (let nth = 0; nth < 4; nth++) {
    const again = await shakeHands(here, { session, maxVersion: 'TLSv1.2' })
    reused.push(again.socket.isSessionReused())
    expect((await again.ask())?.status).toBe(200)
    again.socket.destroy()
  }
  expect(reused).toEqual([true, true, true, true])
  const made = await here.control('POST', '/lockouts', { asid: '200000000999', reason: 'somebody else' })
  expect(made.status).toBe(201)
  await until('every worker has renewed its keys', async () => {
    for (let nth = 0; nth < 4; nth++) {
      const again = await shakeHands(here, { session, maxVersion: 'TLSv1.2' })
      const isReused = again.socket.isSessionReused()
      again.socket.destroy()
      if (isReused) return false
    }
    return true
  })
})

test('what operators ask the one proxy is answered for all workers', async () => {
  const at = ['--config', here.config]
  const status = await runSsp(['status', ...at])
  expect([status.code, status.out]).toEqual([0, expect.stringContaining('ready')])
  expect((await runSsp(['reload', ...at])).code).toBe(0)
  const verified = await runSsp(['audit', 'verify', ...at])
  expect(verified.code).toBe(0)
  for (const log of ['test-main', 'test-w1', 'test-w2']) expect(verified.out.replaceAll('/', '-')).toContain(log)
})

test('SIGTERM lets a call end and then ends every process, with 0', async () => {
  const pids = [...(await here.pids()).values()]
  expect(pids).toHaveLength(2)
  let finish = (): void => undefined
  const asked = new Promise<void>((seen) => {
    here.provider.answer = (_request, response) => {
      finish = () => response.writeHead(200, { 'Content-Type': 'application/fhir+json' }).end('{}')
      seen()
    }
  })
  const answer = call(here)
  await asked
  here.signal('SIGTERM')
  await until('it drains', () => here.log.some(({ msg }) => msg === 'draining'))
  finish()
  expect((await answer).status).toBe(200)
  expect(await here.ended).toEqual({ code: 0, signal: null })
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow()
})
