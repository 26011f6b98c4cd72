import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const root = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

/** Three ports that were free a moment ago: the demo must know them before it starts. */
async function freePorts(): Promise<readonly [string, string, string]> {
  const servers = [0, 1, 2].map(() => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => String((server.address() as AddressInfo).port))
  for (const server of servers) server.close()
  return ports as [string, string, string]
}

let dataDirectory: string
let environment: Record<string, string>
beforeAll(async () => {
  dataDirectory = await mkdtemp(join(tmpdir(), 'ssp-demo-'))
  const [data, operators, provider] = await freePorts()
  environment = {
    PATH: [join(root, 'node_modules', '.bin'), process.env['PATH']].join(delimiter),
    HOME: dataDirectory,
    SSP_DATA_DIRECTORY: join(dataDirectory, 'data'),
    SSP_LISTENER__PORT: data,
    SSP_OPERATORS__PORT: operators,
    SSP_DEMO_PROVIDER_PORT: provider,
  }
})
afterAll(() => rm(dataDirectory, { recursive: true, force: true }))

/** Starts the demo and resolves once it has printed the text; `ended` is its exit code. */
async function startDemo(until: string): Promise<{ readonly printed: string; end(): Promise<number | null> }> {
  const child = spawn(process.execPath, ['demo/start.ts'], { cwd: root, env: environment })
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
      if (printed.includes(until)) found()
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

test('the demo shows what it must, its curl command works as printed, and SIGTERM ends it with 0', async () => {
  const demo = await startDemo('Ctrl-C ends it.')
  try {
    expect(demo.printed).not.toContain('This is not what was to be shown')
    expect(demo.printed.match(/ {2}✔ /g)).toHaveLength(2)
    expect(demo.printed.match(/ {2}✘ /g)).toHaveLength(2)
    const command = /\n(curl --path-as-is[\s\S]*?)\n\n/.exec(demo.printed)?.[1] ?? ''
    // In the reader's shell nothing of the demo's own environment is set but what moves the ports, and the settings know those.
    const { SSP_DEMO_PROVIDER_PORT: _, ...shell } = environment
    const { stdout } = await run('sh', ['-c', command], { cwd: root, env: shell })
    expect(stdout).toMatch(/^HTTP\/1\.1 200 /)
    expect(stdout).toContain('"total":1')
    const refused = command.replaceAll('/consumer.', '/bad-revoked.')
    expect((await run('sh', ['-c', refused], { cwd: root, env: shell })).stdout).toMatch(/^HTTP\/1\.1 495 /)
  } finally {
    expect(await demo.end()).toBe(0)
  }
}, 60_000)

test('the demo run once ends with 0 when all went as it must', async () => {
  const { stdout } = await run(process.execPath, ['demo/start.ts', '--once'], { cwd: root, env: environment })
  expect(stdout).not.toContain('Ctrl-C')
}, 60_000)

test('a taken port is one sentence and 78', async () => {
  const holder = createServer().listen(Number(environment['SSP_LISTENER__PORT']), '127.0.0.1')
  await once(holder, 'listening')
  const failed = await run(process.execPath, ['demo/start.ts', '--once'], { cwd: root, env: environment }).then(
    () => undefined,
    (error: { code: number; stderr: string }) => error,
  )
  holder.close()
  expect(failed?.code).toBe(78)
  expect(failed?.stderr.trim()).toMatch(/^Port \d+, which the proxy needs, is taken by another program: .*$/)
}, 60_000)
