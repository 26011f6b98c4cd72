import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, realpathSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { freePort } from './redis-server.ts'
import { until } from './until.ts'

/** A PostgreSQL of the test's own, on a free port of loopback, which can be stopped, held still and started again with what it held. */
export interface PostgresServer {
  readonly settings: { readonly host: string; readonly port: number; readonly database: string; readonly user: string }
  start(): Promise<void>
  /** Ends it at once, as a machine that loses its power. */
  kill(): Promise<void>
  close(): Promise<void>
}

/** Makes and starts one, by an ordinary user: the program refuses to run as root. `initdb` is that program's path; the server is beside it. */
export async function startPostgresServer(initdb: string): Promise<PostgresServer> {
  const programs = dirname(realpathSync(initdb))
  const directory = await mkdtemp(join(tmpdir(), 'ssp-postgres-'))
  const asRoot = process.getuid?.() === 0
  const user = asRoot ? ['-u', 'nobody', '--'] : []
  const command = (program: string, args: readonly string[]): [string, string[]] =>
    asRoot ? ['runuser', [...user, join(programs, program), ...args]] : [join(programs, program), [...args]]
  if (asRoot) spawnSync('chown', ['nobody', directory])
  else chmodSync(directory, 0o700)
  const data = join(directory, 'data')
  const made = spawnSync(...command('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C']), {
    cwd: '/',
  })
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
  const port = await freePort()
  const settings = { host: '127.0.0.1', port, database: 'postgres', user: 'postgres' }
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    const options = [
      '-D',
      data,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      `unix_socket_directories=${directory}`,
      '-c',
      'shared_buffers=16MB',
    ]
    let started: ChildProcess | undefined
    await until(
      'PostgreSQL takes connections',
      async () => {
        // After a kill the memory of the processes before is in the way until they have noticed.
        if (started === undefined || started.exitCode !== null) {
          started = spawn(...command('postgres', options), { cwd: '/', stdio: 'ignore', detached: true })
          child = started
        }
        const client = new Client({ ...settings, connectionTimeoutMillis: 1000 })
        client.on('error', () => undefined)
        try {
          await client.connect()
          await client.end()
          return true
        } catch {
          return false
        }
      },
      30_000,
    )
  }

  async function kill(): Promise<void> {
    const running = child
    child = undefined
    if (running?.pid === undefined || running.exitCode !== null || running.signalCode !== null) return
    // The whole group: the server and the processes that it started.
    process.kill(-running.pid, 'SIGKILL')
    await once(running, 'close')
  }

  await start()
  return {
    settings,
    start,
    kill,
    async close() {
      await kill()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
