import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { createMetrics } from '../../../src/metrics/metrics.ts'
import { startOps } from '../../../src/ops/ops-server.ts'
import { checkout } from '../../support/run-ssp.ts'
import { asking, type Cast, createCast, rawAnswer, ready, startTestOps, type TestOps } from '../../support/start-ops.ts'

let cast: Cast
let running: TestOps

beforeAll(async () => {
  cast = await createCast()
})
beforeEach(async () => {
  running = await startTestOps(cast)
})
afterEach(() => running.close())

const certificate = 'ab'.repeat(32)

describe('the open routes of the operators’ port', () => {
  test('tell anybody that the process lives and what it is', async () => {
    const nobody = asking(running, cast)
    const live = await nobody.get('/livez')
    expect([live.status, live.text, live.type]).toEqual([200, 'ok\n', 'text/plain'])
    const version = await nobody.get('/version')
    expect(version.body).toEqual({ name: 'ssp', version: '1.2.3', node: process.version })
    expect(version.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    expect(version.headers).not.toHaveProperty('x-powered-by')
    expect((await nobody.head('/livez')).status).toBe(200)
  })

  test('tell the image’s health check that the process lives, whatever hosts the port may be asked by; where nobody listens, it does not', async () => {
    const [, code = ''] = /^HEALTHCHECK .* CMD \["node", "-e", "(.*)"\]$/m.exec(readFileSync(join(checkout, 'Dockerfile'), 'utf8')) ?? []
    const health = async (port: number) => {
      const child = spawn(process.execPath, ['-e', code], { env: { SSP_OPERATORS__PORT: String(port) }, stdio: 'ignore' })
      return (await once(child, 'exit'))[0]
    }
    const elsewhere = await startTestOps(cast, { allowedHosts: ['ssp.example.nhs.uk'] })
    const { port } = elsewhere.ops
    expect(await Promise.all([health(running.ops.port), health(port)])).toEqual([0, 0])
    await elsewhere.close()
    expect(await health(port)).toBe(1)
  })

  test('say ready, and each condition when asked', async () => {
    running.world.readiness = {
      ready: true,
      items: [{ name: 'registry', ok: true, detail: '12 systems' }],
      degraded: [],
      warnings: ['revocation\nof \u001b[31mOld CA is 5 h old'],
      observed: ['audit-token'],
    }
    const nobody = asking(running, cast)
    expect((await nobody.get('/readyz')).text).toBe('ok\n')
    expect((await nobody.get('/readyz?verbose')).text).toBe(
      '[+]registry ok: 12 systems\n[~]audit-token is only observed\n[!]warning: revocation of  [31mOld CA is 5 h old\nreadyz check passed\n',
    )
    expect((await nobody.get('/readyz').set('Accept', 'application/json')).body).toEqual(running.world.readiness)
    running.world.readiness = { ...running.world.readiness, degraded: ['shared-state: gone'] }
    const degraded = await nobody.get('/readyz')
    expect([degraded.status, degraded.text]).toEqual([
      200,
      '[+]registry ok\n[~]degraded: shared-state: gone\nreadyz check passed, degraded\n',
    ])
  })

  test('answer 503 and name what fails when not ready', async () => {
    running.world.readiness = { ...ready, ready: false, items: [...ready.items, { name: 'audit', ok: false, detail: 'disk full' }] }
    const nobody = asking(running, cast)
    const reply = await nobody.get('/readyz')
    expect([reply.status, reply.text]).toEqual([503, '[+]registry ok\n[-]audit failed\nreadyz check failed\n'])
    const verbose = await nobody.get('/readyz?verbose')
    expect([verbose.status, verbose.text]).toEqual([503, '[+]registry ok: 12 systems\n[-]audit failed: disk full\nreadyz check failed\n'])
  })

  test('give metrics in the format asked for', async () => {
    const nobody = asking(running, cast)
    const text = await nobody.get('/metrics')
    expect(text.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(text.text).toContain('process_resident_memory_bytes ')
    const open = await nobody.get('/metrics').set('Accept', 'application/openmetrics-text;version=1.0.0').buffer(true).parse(asText)
    expect(open.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(open.body).toMatch(/# EOF\n$/)
  })

  test('count requests without a label that a caller can make', async () => {
    const nobody = asking(running, cast)
    await nobody.get('/9434765919?nhs=9434765919')
    await nobody.delete('/lockouts/9434765919')
    const { text } = await nobody.get('/metrics')
    expect(text).toContain('ssp_operators_requests_total{door="port",route="none",status="404"} 1')
    expect(text).toContain('ssp_operators_requests_total{door="port",route="/lockouts/:id",status="403"} 1')
    expect(text).not.toContain('9434765919')
  })

  test('refuse an unknown path, another method and what is not HTTP in the form of RFC 9457', async () => {
    const nobody = asking(running, cast)
    const unknown = await nobody.get('/secret')
    expect(unknown.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(JSON.parse(unknown.text)).toEqual({ title: 'Not Found', status: 404, detail: 'There is nothing here.' })
    expect((await nobody.get('/lockouts/a/b')).status).toBe(404)
    const method = await nobody.put('/lockouts')
    expect([method.status, method.headers['allow']]).toEqual([405, 'GET, POST'])
    expect((await nobody.delete('/lockouts/%ff')).status).toBe(400)
    expect(await rawAnswer(running, cast, 'NOT HTTP\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*"status":400/,
    )
    expect(
      await rawAnswer(running, cast, 'GET https://evil.example/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    ).toMatch(/^HTTP\/1\.1 400 /)
    expect(
      await rawAnswer(running, cast, 'GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    ).toMatch(/^HTTP\/1\.1 400 /)
  })
})

describe('the guarded routes', () => {
  test('let an operator lock out, list and release, each act in the audit with its actor before it is done', async () => {
    const operator = asking(running, cast, cast.operator)
    const actor = `${cast.operator.sha256} O=nhs, OU=Devices, CN=olive`
    const added = await operator.post('/lockouts').send({ certificate: certificate.toUpperCase(), reason: 'Stolen key', forSeconds: 60 })
    expect(added.status).toBe(201)
    expect(added.body).toMatchObject({ selector: { kind: 'certificate', value: certificate }, author: actor, reason: 'Stolen key' })
    expect(running.parts.lockouts.list()).toEqual([added.body])
    expect((await operator.get('/lockouts')).body).toEqual({ lockouts: [added.body] })
    const released = await operator.delete(`/lockouts/${added.body.id}`)
    expect([released.status, released.body.id]).toEqual([200, added.body.id])
    expect((await operator.delete(`/lockouts/${added.body.id}`)).status).toBe(404)
    expect(running.acts).toEqual([
      [actor, 'lockout-add', { kind: 'certificate', value: certificate, reason: 'Stolen key', forSeconds: 60 }],
      [actor, 'lockout-release', { id: added.body.id, kind: 'certificate', value: certificate }],
    ])
  })

  test('let an operator reload, and see the settings', async () => {
    const operator = asking(running, cast, cast.operator)
    const reload = await operator.post('/reload').send({})
    expect([reload.status, reload.body]).toEqual([200, { ok: true, detail: 'reloaded' }])
    expect((await operator.get('/config')).body).toEqual({ ops: { port: 8444 } })
  })

  test('do nothing that the audit cannot record', async () => {
    running.world.auditFails = true
    const operator = asking(running, cast, cast.operator)
    const reply = await operator.post('/lockouts').send({ certificate, reason: 'Stolen key' })
    expect(reply.status).toBe(503)
    expect(reply.text).not.toContain('/var/lib')
    expect(running.parts.lockouts.list()).toEqual([])
    expect(running.unforeseen).toHaveLength(1)
  })

  test.each([
    ['no selector', { reason: 'r' }],
    ['two selectors', { certificate, asid: '200000000359', reason: 'r' }],
    ['no reason', { certificate }],
    ['an empty reason', { certificate, reason: '' }],
    ['a reason of 501 characters', { certificate, reason: 'x'.repeat(501) }],
    ['a malformed certificate', { certificate: 'ab', reason: 'r' }],
    ['an id of the caller’s (mass assignment)', { certificate, reason: 'r', id: 'x' }],
    ['an author of the caller’s (mass assignment)', { certificate, reason: 'r', author: 'process' }],
    ['a time of the wrong type', { certificate, reason: 'r', forSeconds: '60' }],
    ['a list', [{ certificate, reason: 'r' }]],
  ])('refuse a lockout with %s', async (_, body) => {
    const reply = await asking(running, cast, cast.operator).post('/lockouts').send(body)
    expect(reply.status).toBe(400)
    expect(running.parts.lockouts.list()).toEqual([])
    expect(running.acts).toEqual([])
  })

  test('refuse bodies that are too long, ill-formed or try the prototype', async () => {
    const operator = asking(running, cast, cast.operator)
    const send = (body: string) => operator.post('/lockouts').set('Content-Type', 'application/json').send(body)
    expect((await send(JSON.stringify({ certificate, reason: 'x'.repeat(20_000) }))).status).toBe(413)
    expect((await send('{"certificate":')).status).toBe(400)
    expect((await send(`{"certificate":"${certificate}","reason":"r","__proto__":{"forSeconds":1}}`)).status).toBe(400)
    expect((await send(`{"constructor":"${certificate}","reason":"r"}`)).status).toBe(400)
    expect(running.parts.lockouts.list()).toEqual([])
  })

  test('say nothing of the insides when something unforeseen happens', async () => {
    running.world.reload = () => {
      throw new Error('cannot read /etc/ssp/secret.yaml')
    }
    const reply = await asking(running, cast, cast.operator).post('/reload').send({})
    expect(reply.status).toBe(500)
    expect(reply.text).not.toMatch(/secret|\/etc|\.ts/)
    expect(running.unforeseen).toHaveLength(1)
    expect((await asking(running, cast).get('/livez')).status).toBe(200)
  })

  test('show the expiry of an operator’s certificate, not the operator’s name', async () => {
    await asking(running, cast, cast.operator).get('/lockouts')
    const { text } = await asking(running, cast).get('/metrics')
    expect(text).toContain(`ssp_certificate_expiry_timestamp_seconds{role="operator",subject="${cast.operator.sha256.slice(0, 16)}"} `)
    expect(text).not.toContain('olive')
  })
})

describe('the operators’ leg', () => {
  test('does not start with a key that is not the certificate’s, and names the file', async () => {
    const { key } = running.settings
    const another = await cast.authority.issue({ cn: 'localhost', keyType: 'ec' })
    await writeFile(key, another.keyPem)
    const parts = { ...running.parts, metrics: createMetrics({ defaultMetrics: false }) }
    const place = { dataDirectory: running.directory, clock: { now: Date.now, elapsed: Date.now }, dataAnchors: new Set<string>() }
    const settings = { ...running.settings, socket: 'second.sock' }
    await expect(startOps(parts, settings, place)).rejects.toThrow(key)
  })

  test('closes within its grace although a connection stays open', async () => {
    const extra = await startTestOps(cast)
    const socket = connect({ host: 'localhost', port: extra.ops.port, ca: cast.authority.certificatePem })
    await new Promise((resolve) => socket.once('secureConnect', resolve))
    socket.write('GET /livez HTTP/1.1\r\nHost: localh')
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve())
      socket.on('error', () => undefined)
      void extra.close()
    })
  })
})

function asText(
  response: { on(event: string, listener: (chunk?: unknown) => void): unknown },
  done: (error: null, body: string) => void,
): void {
  let text = ''
  response.on('data', (chunk) => {
    text += String(chunk)
  })
  response.on('end', () => done(null, text))
}
