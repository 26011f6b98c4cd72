import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { checkout } from './run-ssp.ts'
import { type Ground, layWorld, type WorldOptions } from './start-world.ts'

/** How a process ended: its exit code, or the signal that ended it. */
export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** One line of the program's log. */
export type LogLine = Readonly<Record<string, unknown>>

/** A world whose proxy runs in a process of its own, as it does in the field. */
export interface WorldProcess extends Omit<Ground, 'clear'> {
  readonly proxy: { readonly dataPort: number; readonly opsPort: number }
  readonly pid: number
  /** What the program has logged so far. */
  readonly log: readonly LogLine[]
  /** Resolves once the process has ended. */
  readonly ended: Promise<Ending>
  signal(signal: NodeJS.Signals): void
  /** Has the process collect its garbage, within a moment; only where it was started so. */
  readonly collect?: () => void
  /** An open page of the operators' port. */
  page(path: string): Promise<{ readonly status: number; readonly body: string }>
  /** Kills what still runs and removes the files. */
  close(): Promise<void>
}

/** What a test changes in such a world. */
export interface WorldProcessOptions extends WorldOptions {
  /** In a process group of its own: what a terminal sends to whoever measures, at Ctrl-C, does not come to it. */
  readonly ownGroup?: boolean
  /** The path of `unshare`: the process then takes names from the file `hosts` in the world's folder, in the place of the machine's own. */
  readonly ownHosts?: string
  /** It can be told to collect its garbage, so that what is alive on its heap can be measured. */
  readonly collects?: boolean
}

/** `ssp serve` as a process in a world's files. */
export interface ServeProcess extends Pick<WorldProcess, 'proxy' | 'pid' | 'log' | 'ended' | 'signal' | 'collect'> {}

/** Starts `ssp serve` in a world of its own and resolves once it takes calls. Rejects with what it said where it ends before. */
export async function startWorldProcess(options: WorldProcessOptions = {}): Promise<WorldProcess> {
  const settings = { ...options.settings, logging: { level: 'info', format: 'json', ...options.settings?.['logging'] } }
  const ground = await layWorld({ ...options, settings })
  const serving = await serveGround(ground, options).catch(async (error: unknown) => {
    await ground.clear()
    throw error
  })
  const { clear, ...rest } = ground
  return {
    ...rest,
    ...serving,
    page: (path) => pageOf(serving.proxy.opsPort, ground, path),
    async close() {
      serving.signal('SIGKILL')
      await serving.ended
      await clear()
    },
  }
}

/** Starts `ssp serve` with a world's files, perhaps again, and resolves once it takes calls. Rejects with what it said where it ends before. */
export async function serveGround(
  ground: Ground,
  { ownHosts, ownGroup = false, collects = false }: Pick<WorldProcessOptions, 'ownHosts' | 'ownGroup' | 'collects'> = {},
): Promise<ServeProcess> {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('SSP_') && name !== 'NODE_OPTIONS')
  const serve = [process.execPath, ...(collects ? collecting : []), join(checkout, 'bin/ssp.js'), 'serve', '--config', ground.config]
  const [program = '', ...args] = ownHosts === undefined ? serve : await withOwnHosts(ownHosts, ground.directory, serve)
  const child = spawn(program, args, {
    cwd: ground.directory,
    env: Object.fromEntries(inherited),
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: ownGroup,
  })
  // Nobody else would end it where the program that started it ends out of turn.
  const orphaned = (): void => void child.kill('SIGKILL')
  if (ownGroup) process.once('exit', orphaned)
  const ended = once(child, 'close').then(([code, signal]): Ending => {
    process.off('exit', orphaned)
    return { code, signal }
  })
  const log: LogLine[] = []
  const said: string[] = []
  const proxy = await new Promise<{ dataPort: number; opsPort: number }>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (!line.startsWith('{')) {
        said.push(line)
        return
      }
      const entry = JSON.parse(line) as LogLine
      log.push(entry)
      if (typeof entry['data'] === 'number') resolve({ dataPort: entry['data'], opsPort: Number(entry['operators']) })
    })
    void ended.then(({ code }) => reject(new Error(`the proxy ended with ${code}: ${said.join('\n')}`)))
  })
  const signal = (one: NodeJS.Signals): void => void child.kill(one)
  return { proxy, pid: child.pid ?? 0, log, ended, signal, ...(collects && { collect: () => signal('SIGUSR2') }) }
}

/** Node's options for a process that collects its garbage at a signal. */
const collecting = ['--expose-gc', '--import', `data:text/javascript,process.on('SIGUSR2', () => globalThis.gc())`]

/** The command in a mount namespace of its own, in which that file is `/etc/hosts`; without root it is root in a user namespace of its own. */
async function withOwnHosts(unshare: string, directory: string, command: readonly string[]): Promise<readonly string[]> {
  const hosts = join(directory, 'hosts')
  await writeFile(hosts, '')
  const asRoot = process.geteuid?.() === 0 ? [] : ['--map-root-user']
  return [unshare, ...asRoot, '--mount', 'sh', '-c', `mount --bind "${hosts}" /etc/hosts && exec "$@"`, 'sh', ...command]
}

/** A page of the operators' port that is open to anybody. */
export async function pageOf(
  port: number,
  { certificates }: Pick<Ground, 'certificates'>,
  path: string,
): Promise<{ readonly status: number; readonly body: string }> {
  const sent = request({
    host: '127.0.0.1',
    port,
    path,
    servername: 'localhost',
    headers: { Host: `localhost:${port}` },
    ca: certificates.authority.certificatePem,
    agent: false,
  })
  sent.end()
  const [response] = await once(sent, 'response')
  return { status: response.statusCode, body: await text(response) }
}

/** The value of a metric without labels on a page of metrics; NaN where it is not there. */
export function metricOn(page: string, name: string): number {
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1] ?? Number.NaN)
}

/** Memory of a process in bytes, as the kernel counts it: now, and at its highest since `forgetPeak`. */
export async function memoryOf(pid: number): Promise<{ readonly now: number; readonly peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN)
  return { now: kilobytes('VmRSS') * 1024, peak: kilobytes('VmHWM') * 1024 }
}

/** Makes the kernel begin anew with a process's highest memory use. */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5')
}

/** How many files, sockets among them, a process holds open. */
export async function openFilesOf(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length
}
