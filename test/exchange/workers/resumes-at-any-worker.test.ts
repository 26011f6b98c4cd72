import { setTimeout as pause } from 'node:timers/promises'
import { startWorkers, type WorkersWorld } from '../../support/start-workers.ts'
import { world } from '../../support/start-world.ts'
import { shakeHands } from '../../support/tls-consumer.ts'
import { until } from '../../support/until.ts'

const versions = ['TLSv1.2', 'TLSv1.3'] as const

test.each(versions)(
  'a consumer whose intermediate only it has sent is served when its session is resumed at the worker that never saw it, over %s',
  async (version) => {
    const here = await startWorkers({ settings: { trust: { intermediates: [], crls: [], requireCrl: false } } })
    try {
      const only = { minVersion: version, maxVersion: version } as const
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
  },
)

describe.each(versions)('over %s', (version) => {
  /** Each worker asks for a renewal behind a reload, and what it asks for may come a quarter of a second behind another: one more at most. */
  test.each<[string, string, object, number]>([
    ['a lockout of somebody else', '/lockouts', { asid: world.stranger.asid, reason: 'key stolen' }, 0],
    ['a reload', '/reload', {}, 1],
  ])(
    'once %s is answered an older session is worth nothing at any worker, and a new one lasts at each',
    async (_what, path, body, renewals) => {
      const here = await startWorkers()
      try {
        const only = { minVersion: version, maxVersion: version } as const
        const old = await sessionOf(here, only)
        expect(await reusedAt4(here, { ...only, session: old })).toEqual([true, true, true, true])
        expect([200, 201]).toContain((await here.control('POST', path, body)).status)
        // Keys are told to workers on the line on which they are handed connections: none that is made now overtakes them.
        expect(await reusedAt4(here, { ...only, session: old })).toEqual([false, false, false, false])
        let worthless = 0
        while (!(await lasts(here, { ...only, session: await sessionOf(here, only) }))) expect(++worthless).toBeLessThanOrEqual(renewals)
      } finally {
        await here.close()
      }
    },
  )
})

type Options = Parameters<typeof shakeHands>[1]

async function sessionOf(here: WorkersWorld, options: Options): Promise<Buffer> {
  const first = await shakeHands(here, options)
  expect((await first.ask())?.status).toBe(200)
  first.socket.destroy()
  return first.session as Buffer
}

/** Whether the session is resumed, at each worker twice in turn; calls are decided all the same. */
async function reusedAt4(here: WorkersWorld, options: Options): Promise<readonly boolean[]> {
  const reused: boolean[] = []
  for (let nth = 0; nth < 4; nth++) {
    const again = await shakeHands(here, options)
    expect((await again.ask())?.status).toBe(200)
    reused.push(again.socket.isSessionReused())
    again.socket.destroy()
  }
  return reused
}

/** Whether the session is resumed at each worker, now and after longer than a renewal may be put off. */
async function lasts(here: WorkersWorld, options: Options): Promise<boolean> {
  const now = await reusedAt4(here, options)
  await pause(300)
  return [...now, ...(await reusedAt4(here, options))].every((isReused) => isReused)
}

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
