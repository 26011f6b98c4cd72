import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { call } from '../../support/consumer.ts'
import { beginCall, streamForEver } from '../../support/slow-streams.ts'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { until } from '../../support/until.ts'

/** Connections at a time. */
const most = 20
let here: WorkersWorld
beforeAll(async () => {
  here = await startWorkers({
    settings: {
      checks: { throttle: { requestsPerSecond: 100_000, burst: 100_000, concurrent: 10_000 } },
      listener: { maxConnections: most },
    },
  })
})
afterAll(() => here.close())

test('the calls of a worker that is killed get their outcome as interrupted, others go on, and another takes its place and name', async () => {
  const usual = here.provider.answer
  streamForEver(here.provider, 10_000_000_000)
  const begun = [await beginCall(here), await beginCall(here)]
  here.provider.answer = usual
  const ours = begun.map(({ exchange }) => here.workerOf({ exchange }))
  expect([...ours].sort()).toEqual(['w1', 'w2'])
  const dying = begun[ours.indexOf('w1')] as (typeof begun)[number]
  const living = begun[ours.indexOf('w2')] as (typeof begun)[number]
  const before = await here.pids()

  process.kill(before.get('w1') as number, 'SIGKILL')
  expect(await dying.ended).toBe('cut')
  const outcome = await until('the outcome is recorded', () =>
    here.auditOf('w1').find((entry) => entry.type === 'outcome' && entry.exchange === dying.exchange),
  )
  expect(outcome).toMatchObject({ type: 'outcome', end: 'interrupted' })
  await until('there are two again', async () => (await here.page('/metrics')).body.includes('ssp_workers{state="ready"} 2'))
  const after = await here.pids()
  expect(after.get('w1')).not.toBe(before.get('w1'))
  expect(after.get('w2')).toBe(before.get('w2'))
  expect((await here.page('/metrics')).body).toMatch(/^ssp_workers_lost_total 1$/m)

  const seen = living.bytes()
  await until('the other stream goes on', () => living.bytes() > seen)
  const served = [await call(here), await call(here), await call(here), await call(here)]
  expect(served.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect(new Set(served.map(here.workerOf))).toEqual(new Set(['w1', 'w2']))
  living.destroy()
})

test('a worker is locked out of nothing that it missed: a lockout made before it began is in force in it', async () => {
  const made = await here.control('POST', '/lockouts', { asid: '200000000359', reason: 'key stolen' })
  expect(made.status).toBe(201)
  process.kill((await here.pids()).get('w2') as number, 'SIGKILL')
  await until('it is replaced', async () => (await here.page('/metrics')).body.includes('ssp_workers_lost_total 2'))
  await until('there are two again', async () => (await here.page('/metrics')).body.includes('ssp_workers{state="ready"} 2'))
  const rules: string[] = []
  for (let nth = 0; nth < 4; nth++) rules.push((await call(here)).verdict.rule)
  expect(rules).toEqual(['lockout', 'lockout', 'lockout', 'lockout'])
})

/** So many connections that say nothing, one after the other. */
async function connectTimes(times: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = []
  for (let nth = 0; nth < times; nth++) {
    const socket = connect({ host: '127.0.0.1', port: here.proxy.dataPort, localAddress: `127.0.0.${2 + (nth % 5)}` })
    socket.on('error', () => undefined).resume()
    await once(socket, 'connect')
    sockets.push(socket)
  }
  return sockets
}

const isOpen = (socket: Socket): boolean => !socket.destroyed && !socket.readableEnded

test('a connection that was on its way to a worker when that was killed ends with it', async () => {
  const w1 = (await here.pids()).get('w1') as number
  process.kill(w1, 'SIGSTOP')
  const sockets = await connectTimes(4)
  process.kill(w1, 'SIGKILL')
  await until('one has ended', () => sockets.filter(isOpen).length === 3)
  for (const socket of sockets) socket.destroy()
  await until('there are two again', async () => (await here.page('/metrics')).body.includes('ssp_workers{state="ready"} 2'))
})

test('D2: where every worker has as many connections as it may, further ones are closed at once and counted', async () => {
  const sockets = await connectTimes(2 * most)
  await until('the rest is closed, and counted', async () => {
    const closed = sockets.filter((socket) => !isOpen(socket)).length
    return closed >= most && (await here.page('/metrics')).body.includes(`ssp_consumer_connections_refused_total{cap="total"} ${closed}\n`)
  })
  for (const socket of sockets) socket.destroy()
})
