import { execFileSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { call } from '../../support/consumer.ts'
import { whereInstalled } from '../../support/outside-program.ts'
import { startWorldProcess } from '../../support/start-world-process.ts'
import { until } from '../../support/until.ts'

whereInstalled('prlimit', (prlimit) => {
  const limitTo = (pid: number, files: number) => execFileSync(prlimit, ['--pid', String(pid), `--nofile=${files}:`])

  /** Lets the process open that many more files, once it has come to rest: the limit is on their numbers, which have holes. */
  async function leaveRoomFor(pid: number, more: number): Promise<void> {
    const numbers = async () => (await readdir(`/proc/${pid}/fd`)).map(Number).sort((a, b) => a - b)
    let last = ''
    const taken = await until(
      'nothing is opened or closed',
      async () => {
        const now = await numbers()
        const same = now.join() === last
        last = now.join()
        return same && new Set(now)
      },
      { everyMs: 300 },
    )
    let limit = 0
    for (let free = 0; free < more || taken.has(limit); limit++) if (!taken.has(limit)) free++
    limitTo(pid, limit)
  }

  test('D8: without a file descriptor for the provider a call gets 502 and its record; with descriptors again calls go on', async () => {
    const here = await startWorldProcess()
    try {
      expect((await call(here)).status).toBe(200)
      // Kept connections to the provider end, so that the next call needs a new one; then no descriptor beyond the consumer's own is left.
      here.provider.answer = (_request, response) => response.writeHead(200, { Connection: 'close' }).end()
      expect((await call(here)).status).toBe(200)
      await until('the provider is no longer connected', () => here.provider.connections.open === 0)
      await leaveRoomFor(here.pid, 1)
      const refused = await call(here)
      expect([refused.status, refused.verdict]).toEqual([502, { origin: 'provider-network', rule: 'provider-exchange' }])
      await until('it is recorded', () =>
        here.audit().some((entry) => entry.type === 'outcome' && entry.exchange === refused.exchange && entry.status === 502),
      )
      limitTo(here.pid, 4096)
      await until('calls go on', async () => (await call(here)).status === 200)
    } finally {
      await here.close()
    }
  })

  test('D8: with every file descriptor taken by connections further ones are closed; when they end calls go on, without a restart', async () => {
    const here = await startWorldProcess({ settings: { listener: { maxHandshakesPerAddress: 1000 } } })
    const sockets: Socket[] = []
    try {
      expect((await call(here)).status).toBe(200)
      await leaveRoomFor(here.pid, 30)
      for (let nth = 0; nth < 100; nth++) sockets.push(connect({ host: '127.0.0.1', port: here.proxy.dataPort }))
      for (const socket of sockets) socket.on('error', () => undefined).resume()
      await until('some are closed', () => sockets.some(({ destroyed }) => destroyed))
      // A file that the proxy has just closed leaves room for one more.
      await until('one more is closed too', () =>
        call(here).then(
          () => false,
          () => true,
        ),
      )
      for (const socket of sockets) socket.destroy()
      await until('calls go on', () =>
        call(here).then(
          ({ status }) => status === 200,
          () => false,
        ),
      )
      expect((await here.page('/livez')).status).toBe(200)
      // Nothing was forwarded that has no record.
      const records = here.audit().filter(({ type }) => type === 'forwarding')
      expect(here.provider.received).toHaveLength(records.length)
    } finally {
      for (const socket of sockets) socket.destroy()
      await here.close()
    }
  })
})
