import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createMetrics } from '../../../src/metrics/metrics.ts'
import { callControl, ProxyNotRunning } from '../../../src/ops/control-client.ts'
import { ControlSocketRefused } from '../../../src/ops/control-socket.ts'
import { startOps } from '../../../src/ops/ops-server.ts'
import { type Cast, createCast, startTestOps, type TestOps } from '../../support/start-ops.ts'

let cast: Cast
let running: TestOps
let directory: string

beforeAll(async () => {
  cast = await createCast()
})
beforeEach(async () => {
  running = await startTestOps(cast)
  directory = await mkdtemp(join(tmpdir(), 'control-'))
})
afterEach(async () => {
  await running.close()
  await rm(directory, { recursive: true })
})

const actor = `socket:${process.getuid?.()}`

/** A second operators' leg with its socket in this directory. */
function startIn(dataDirectory: string, socket = 'ssp.sock') {
  const parts = { ...running.parts, metrics: createMetrics({ defaultMetrics: false }) }
  const clock = { now: Date.now, elapsed: Date.now }
  return startOps(parts, { ...running.settings, socket }, { dataDirectory, clock, dataAnchors: new Set() })
}

describe('the control socket', () => {
  test('serves the CLI the same routes, as this user, without a certificate', async () => {
    const { socketPath } = running.ops
    expect(await callControl(socketPath, 'GET', '/livez')).toEqual({ status: 200, body: 'ok\n' })
    expect(await callControl(socketPath, 'GET', '/readyz?verbose')).toMatchObject({ status: 200, body: { ready: true } })
    expect(await callControl(socketPath, 'POST', '/reload')).toEqual({ status: 200, body: { ok: true, detail: 'reloaded' } })
    const added = await callControl(socketPath, 'POST', '/lockouts', { partyKey: 't77777-7777777', reason: 'Stolen key' })
    expect(added).toMatchObject({ status: 201, body: { author: actor, selector: { kind: 'partyKey', value: 'T77777-7777777' } } })
    const { id } = added.body as { id: string }
    expect(await callControl(socketPath, 'DELETE', `/lockouts/${id}`)).toMatchObject({ status: 200 })
    expect(await callControl(socketPath, 'DELETE', `/lockouts/${id}`)).toMatchObject({ status: 404, body: { title: 'Not Found' } })
    expect(running.acts.map(([who, act]) => [who, act])).toEqual([
      [actor, 'reload'],
      [actor, 'lockout-add'],
      [actor, 'lockout-release'],
    ])
  })

  test('is open to this user alone', async () => {
    expect((await stat(running.ops.socketPath)).mode & 0o777).toBe(0o600)
    const made = join(directory, 'data')
    const ops = await startIn(made)
    expect((await stat(made)).mode & 0o777).toBe(0o700)
    await ops.close()
    await expect(stat(ops.socketPath)).rejects.toThrow(/ENOENT/)
  })

  test('refuses a start whose directory others can enter', async () => {
    await chmod(directory, 0o755)
    await expect(startIn(directory)).rejects.toThrow(/chmod 700/)
    await chmod(directory, 0o700)
  })

  test('refuses a start where a live process answers, and leaves it alone', async () => {
    await expect(startIn(running.directory)).rejects.toThrow(ControlSocketRefused)
    expect(await callControl(running.ops.socketPath, 'GET', '/livez')).toMatchObject({ status: 200 })
  })

  test('replaces what a killed process left', async () => {
    const path = join(directory, 'ssp.sock')
    const code = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.stdout.write('up'))`
    const dying = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(dying.stdout, 'data')
    dying.kill('SIGKILL')
    await once(dying, 'exit')
    expect((await stat(path)).isSocket()).toBe(true)
    const ops = await startIn(directory)
    expect(await callControl(path, 'GET', '/livez')).toMatchObject({ status: 200 })
    await ops.close()
  })

  test('does not remove what is no socket', async () => {
    await writeFile(join(directory, 'ssp.sock'), 'notes')
    await expect(startIn(directory)).rejects.toThrow(/is no socket/)
    await mkdir(join(directory, 'a'))
    await expect(startIn(directory, 'a')).rejects.toThrow(/is no socket/)
  })

  test('refuses a path that the system would cut', async () => {
    await expect(startIn(directory, 'x'.repeat(100))).rejects.toThrow(/at most 103 bytes/)
  })

  test('refuses a browser’s request that some relay brought here', async () => {
    const rebound = await overSocket('GET /lockouts HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')
    expect(rebound).toMatch(/^HTTP\/1\.1 421 /)
    const foreign = await overSocket(
      'GET /lockouts HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nConnection: close\r\n\r\n',
    )
    expect(foreign).toMatch(/^HTTP\/1\.1 403 /)
  })

  test('leaves nothing open where the port cannot be had', async () => {
    const parts = { ...running.parts, metrics: createMetrics({ defaultMetrics: false }) }
    const place = { dataDirectory: directory, clock: { now: Date.now, elapsed: Date.now }, dataAnchors: new Set<string>() }
    await expect(startOps(parts, { ...running.settings, port: running.ops.port }, place)).rejects.toThrow(/EADDRINUSE/)
    await expect(stat(join(directory, 'ssp.sock'))).rejects.toThrow(/ENOENT/)
  })
})

describe('the control client', () => {
  test('says that no proxy is running where there is no socket, or a dead one', async () => {
    await expect(callControl(join(directory, 'ssp.sock'), 'GET', '/livez')).rejects.toThrow(ProxyNotRunning)
    await running.ops.close()
    await expect(callControl(running.ops.socketPath, 'GET', '/livez')).rejects.toThrow(ProxyNotRunning)
  })
})

function overSocket(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(running.ops.socketPath)
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.once('end', () => resolve(text))
    socket.once('error', reject)
    socket.write(bytes)
  })
}
