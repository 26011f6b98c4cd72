import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { type DemoEnvironment, demoEnvironment, projectRoot, startDemo } from '../support/running-demo.ts'

const run = promisify(execFile)
let environment: DemoEnvironment
beforeAll(async () => {
  environment = await demoEnvironment()
})
afterAll(() => environment.remove())

test('the demo shows what it must, its curl command works as printed, and SIGTERM ends it with 0', async () => {
  const demo = await startDemo(environment)
  try {
    expect(demo.printed).not.toContain('This is not what was to be shown')
    expect(demo.printed.match(/ {2}✔ /g)).toHaveLength(2)
    expect(demo.printed.match(/ {2}✘ /g)).toHaveLength(2)
    const command = /\n(curl --path-as-is[\s\S]*?)\n\n/.exec(demo.printed)?.[1] ?? ''
    const inShell = async (text: string) => (await run('sh', ['-c', text], { cwd: projectRoot, env: environment.shell })).stdout
    const answered = await inShell(command)
    expect(answered).toMatch(/^HTTP\/1\.1 200 /)
    expect(answered).toContain('"total":1')
    expect(await inShell(command.replaceAll('/consumer.', '/bad-revoked.'))).toMatch(/^HTTP\/1\.1 495 /)
    expect(await inShell('npx ssp audit verify')).toMatch(/ ok {2}\d+ records/)
  } finally {
    expect(await demo.end()).toBe(0)
  }
})

test('the demo run once ends with 0 when all went as it must', async () => {
  const { stdout } = await run(process.execPath, ['demo/start.ts', '--once'], { cwd: projectRoot, env: environment.demo })
  expect(stdout).not.toContain('Ctrl-C')
})

test('a taken port is one sentence and 78', async () => {
  const holder = createServer().listen(environment.dataPort, '127.0.0.1')
  await once(holder, 'listening')
  const failed = await run(process.execPath, ['demo/start.ts', '--once'], { cwd: projectRoot, env: environment.demo }).then(
    () => undefined,
    (error: { code: number; stderr: string }) => error,
  )
  holder.close()
  expect(failed?.code).toBe(78)
  expect(failed?.stderr.trim()).toMatch(/^Port \d+, which the proxy needs, is taken by another program: .*$/)
})
