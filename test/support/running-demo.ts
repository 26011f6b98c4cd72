import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'

/** The project's folder. */
export const projectRoot = resolve(import.meta.dirname, '../..')

/** An environment in which a demo has ports and a data directory of its own. */
export interface DemoEnvironment {
  /** For the demo's own process. */
  readonly demo: Readonly<Record<string, string>>
  /** For a reader's shell beside it: the same without the variable that the demo alone knows. */
  readonly shell: Readonly<Record<string, string>>
  readonly dataPort: number
  remove(): Promise<void>
}

/** Finds ports that were free a moment ago (the demo must know them before it starts) and makes a data directory. */
export async function demoEnvironment(): Promise<DemoEnvironment> {
  const directory = await mkdtemp(join(tmpdir(), 'ssp-demo-'))
  const servers = [0, 1, 2].map(() => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const [data, operators, provider] = servers.map((server) => (server.address() as AddressInfo).port) as [number, number, number]
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  const shell = {
    PATH: [join(projectRoot, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
    HOME: directory,
    SSP_DATA_DIRECTORY: join(directory, 'data'),
    SSP_LISTENER__PORT: String(data),
    SSP_OPERATORS__PORT: String(operators),
  }
  return {
    shell,
    demo: { ...shell, SSP_DEMO_PROVIDER_PORT: String(provider) },
    dataPort: data,
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

/** A demo that runs, what it printed until then, and a SIGTERM whose exit code is told. */
export interface RunningDemo {
  readonly printed: string
  end(): Promise<number | null>
}

/** Starts the demo and resolves once it says that it runs. Rejects with all that it said where it ends before. */
export async function startDemo(environment: DemoEnvironment): Promise<RunningDemo> {
  const child = spawn(process.execPath, ['demo/start.ts'], { cwd: projectRoot, env: environment.demo })
  const exited = once(child, 'exit') as Promise<[number | null]>
  let printed = ''
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text
  })
  child.stdout.setEncoding('utf8')
  await new Promise<void>((found, failed) => {
    child.stdout.on('data', (text: string) => {
      printed += text
      if (printed.includes('Ctrl-C ends it.')) found()
    })
    void exited.then(([code]) => failed(new Error(`the demo ended with ${code}: ${complaints}\n${printed}`)))
  })
  return {
    printed,
    async end() {
      child.kill('SIGTERM')
      const [code] = await exited
      return code
    },
  }
}
