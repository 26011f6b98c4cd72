import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Issued } from './certificate-authority.ts'
import { runProgram } from './outside-program.ts'

/** A `redis-server` of the test's own, on a free port of loopback, that keeps nothing on disk. */
export interface RedisServer {
  readonly port: number
  /** Stops it at once; it can be started again, empty, on the same port. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Holds the process still, as a machine that hangs does; connections stay up. */
  pause(): void
  resume(): void
  /** Runs one command by the program `redis-cli`, without sign-in or TLS; gives back what it prints. */
  cli(...args: readonly string[]): Promise<string>
  close(): Promise<void>
}

/** How a server is started besides the usual. */
export interface RedisServerOptions {
  /** Further lines of its configuration. */
  readonly lines?: readonly string[]
  /** Speaks TLS, and nothing else. */
  readonly tls?: { readonly server: Issued; readonly anchorPem: string; readonly clientsMustProve?: boolean }
  readonly sentinel?: boolean
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Starts one and resolves once it takes connections. `program` is the path of `redis-server`. */
export async function startRedisServer(program: string, options: RedisServerOptions = {}): Promise<RedisServer> {
  const directory = await mkdtemp(join(tmpdir(), 'ssp-redis-'))
  const port = await freePort()
  await writeFile(join(directory, 'redis.conf'), await configuration(directory, port, options), { mode: 0o600 })
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    const started = spawn(program, [join(directory, 'redis.conf'), ...(options.sentinel === true ? ['--sentinel'] : [])], {
      cwd: directory,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child = started
    const said: string[] = []
    await new Promise<void>((resolve, reject) => {
      createInterface({ input: started.stdout }).on('line', (line) => {
        said.push(line)
        if (/Ready to accept connections|Sentinel ID is/.test(line)) resolve()
      })
      started.once('close', () => reject(new Error(`redis-server ended:\n${said.join('\n')}`)))
    })
  }

  async function stop(): Promise<void> {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return
    running.kill('SIGKILL')
    await once(running, 'close')
  }

  await start()
  return {
    port,
    start,
    stop,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    cli: async (...args) =>
      (await runProgram(program.replace(/redis-server$/, 'redis-cli'), ['-p', String(port), ...args])).out.toString().trim(),
    async close() {
      await stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function configuration(directory: string, port: number, { lines = [], tls }: RedisServerOptions): Promise<string> {
  const usual = ['bind 127.0.0.1', 'save ""', 'appendonly no', 'daemonize no', ...(tls === undefined ? [`port ${port}`] : ['port 0'])]
  if (tls === undefined) return [...usual, ...lines].join('\n')
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(directory, name), text, { mode: 0o600 })
    return join(directory, name)
  }
  const secure = [
    `tls-port ${port}`,
    `tls-cert-file ${await file('server.pem', tls.server.chainPem)}`,
    `tls-key-file ${await file('server.key', tls.server.keyPem)}`,
    `tls-ca-cert-file ${await file('ca.pem', tls.anchorPem)}`,
    `tls-auth-clients ${tls.clientsMustProve === true ? 'yes' : 'no'}`,
  ]
  return [...usual, ...secure, ...lines].join('\n')
}
