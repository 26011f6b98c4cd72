import { readdir, readFile, readlink } from 'node:fs/promises'
import { call } from '../support/consumer.ts'
import { startWorkers } from '../support/start-workers.ts'
import { startWorldProcess, type WorldProcess } from '../support/start-world-process.ts'
import { until } from '../support/until.ts'
import { whereMet } from '../support/where-met.ts'

/** The TCP ports on IPv4, in hex, that a process listens on, by the kernel's own list. */
async function portsOf(pid: number): Promise<readonly string[]> {
  const files = await readdir(`/proc/${pid}/fd`)
  const held = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')))
  const sockets = (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).split('\n').map((line) => line.trim().split(/\s+/))
  const listening = '0A'
  return sockets
    .filter(([, , , state, , , , , , inode]) => state === listening && held.includes(`socket:[${inode}]`))
    .map(([, local]) => `${local}`)
    .sort()
}

/** A signal to each process changes nothing of what it listens on, and calls are answered. */
async function expectNothingOpened(here: WorldProcess, pids: readonly number[]): Promise<void> {
  const before = await Promise.all(pids.map(portsOf))
  for (const pid of pids) process.kill(pid, 'SIGUSR1')
  // By the end of a reload, which another signal asks for, a debugger would long have been open.
  here.signal('SIGHUP')
  await until('the proxy has reloaded', () => here.log.some(({ msg }) => msg === 'reloaded'))
  expect((await call(here)).status).toBe(200)
  expect(await Promise.all(pids.map(portsOf))).toEqual(before)
}

whereMet('needs Linux, whose kernel lists what a process listens on', process.platform === 'linux', 'right', () => {
  test('SIGUSR1 does not open Node’s debugger, by which every user of the machine could run code in the proxy', async () => {
    const here = await startWorldProcess()
    try {
      expect(await portsOf(here.pid)).toHaveLength(2)
      await expectNothingOpened(here, [here.pid])
    } finally {
      await here.close()
    }
  })

  test('SIGUSR1 opens none in the process that steers the workers, and none in a worker', async () => {
    const here = await startWorkers()
    try {
      await expectNothingOpened(here, [here.pid, ...(await here.pids()).values()])
    } finally {
      await here.close()
    }
  })
})
