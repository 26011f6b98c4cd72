import { writeFile } from 'node:fs/promises'
import { createServer, Agent as HttpsAgent, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { createAuthority, type Issued } from '../../support/certificate-authority.ts'
import { asking, type Cast, createCast, rawAnswer, startTestOps, type TestOps } from '../../support/start-ops.ts'

let cast: Cast
let running: TestOps

beforeAll(async () => {
  cast = await createCast()
})
beforeEach(async () => {
  running = await startTestOps(cast)
})
afterEach(() => running.close())

const lockout = { asid: '200000000359', reason: 'r' }

/** Every guarded route refuses this caller, and nothing has happened. */
async function refusedEverywhere(as: Issued | undefined, detail: RegExp): Promise<void> {
  const caller = asking(running, cast, as)
  const replies = [
    await caller.get('/config'),
    await caller.get('/lockouts'),
    await caller.post('/lockouts').send(lockout),
    await caller.delete('/lockouts/x').set('Content-Type', 'application/json'),
    await caller.post('/reload').send({}),
  ]
  expect(replies.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403])
  for (const { text } of replies) expect(JSON.parse(text).detail).toMatch(detail)
  expect(running.acts).toEqual([])
  expect(running.parts.lockouts.list()).toEqual([])
}

describe('A1: the operators’ port refuses', () => {
  test('a caller without a certificate', () => refusedEverywhere(undefined, /needs an operators’ certificate/))

  test('a certificate of the data port’s authority, also with an operator’s name', () => refusedEverywhere(cast.impostor, /not a valid/))

  test('a certificate without a role', () => refusedEverywhere(cast.roleless, /no role/))

  test('a certificate that has expired', async () => {
    const day = 86_400_000
    const expired = await cast.authority.issue({
      cn: 'olive',
      usages: ['clientAuth'],
      notBefore: Date.now() - 2 * day,
      notAfter: Date.now() - day,
    })
    await refusedEverywhere(expired, /not a valid/)
  })

  test('a certificate that expires while its connection is open', async () => {
    const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1, cert: cast.operator.chainPem, key: cast.operator.keyPem })
    expect((await viaAgent(agent)).status).toBe(200)
    running.world.now = cast.operator.certificate.validToDate.getTime() + 1
    expect(await viaAgent(agent)).toMatchObject({ status: 403, reused: true })
    agent.destroy()
  })

  test('a certificate that is not for clients', async () => {
    await refusedEverywhere(await cast.authority.issue({ cn: 'olive', usages: ['serverAuth'] }), /not a valid/)
  })

  test('a self-signed certificate with an operator’s name', async () => {
    const self = await createAuthority({ name: 'olive', isCa: false })
    await refusedEverywhere(self, /not a valid/)
  })

  test('two common names, of which one has a role', async () => {
    const subject = [
      ['CN', 'rolf'],
      ['CN', 'olive'],
    ] as const
    await refusedEverywhere(await cast.authority.issue({ subject, usages: ['clientAuth'] }), /no role/)
  })

  test('a certificate without a subject that has no role', async () => {
    await refusedEverywhere(await cast.authority.issue({ subject: [], dnsNames: ['olive'], usages: ['clientAuth'] }), /no role/)
  })

  test('a revoked certificate, also on a connection that is open', async () => {
    const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1, cert: cast.operator.chainPem, key: cast.operator.keyPem })
    expect((await viaAgent(agent)).status).toBe(200)
    await running.ops.reload({ ...running.settings, revoked: [cast.operator.sha256] }, new Set())
    expect((await viaAgent(agent)).status).toBe(403)
    agent.destroy()
    await refusedEverywhere(cast.operator, /not a valid/)
  })

  test('everybody where there are no operators’ anchors, whatever public authority signed', async () => {
    await running.ops.reload({ ...running.settings, anchors: [] }, new Set())
    await refusedEverywhere(cast.operator, /not a valid/)
  })

  test('whoever connected under anchors that are no longer in force', async () => {
    const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1, cert: cast.operator.chainPem, key: cast.operator.keyPem })
    expect((await viaAgent(agent)).status).toBe(200)
    const other = join(running.directory, 'other.pem')
    await writeFile(other, (await createAuthority({ name: 'Next operators CA' })).certificatePem)
    await running.ops.reload({ ...running.settings, anchors: [other] }, new Set())
    expect(await viaAgent(agent)).toMatchObject({ status: 403, reused: true })
    agent.destroy()
    await refusedEverywhere(cast.operator, /not a valid/)
  })

  test('to have an anchor of the data port as its own, at the start and at a reload', async () => {
    const anchor = join(running.directory, 'data.pem')
    await writeFile(anchor, cast.authority.certificatePem + cast.dataAuthority.certificatePem)
    const settings = { ...running.settings, anchors: [anchor] }
    await expect(running.ops.reload(settings, new Set([cast.dataAuthority.sha256]))).rejects.toThrow(/anchor of the data port/)
    await expect(startTestOps(cast, { anchors: [anchor] })).rejects.toThrow(/anchor of the data port/)
    await refusedEverywhere(cast.impostor, /not a valid/)
  })

  test('a viewer that would change something, and lets it look', async () => {
    const viewer = asking(running, cast, cast.viewer)
    expect((await viewer.get('/lockouts')).status).toBe(200)
    expect((await viewer.get('/config')).status).toBe(200)
    const replies = [
      await viewer.post('/lockouts').send(lockout),
      await viewer.delete('/lockouts/x'),
      await viewer.post('/reload').send({}),
    ]
    expect(replies.map(({ status }) => status)).toEqual([403, 403, 403])
    expect(running.acts).toEqual([])
  })

  test.each([
    ['X-Forwarded-For', '127.0.0.1'],
    ['X-Real-IP', '127.0.0.1'],
    ['X-Forwarded-Client-Cert', 'Hash=00'],
    ['X-SSL-Client-Verify', 'SUCCESS'],
  ])('to believe %s', async (name, value) => {
    expect((await asking(running, cast).get('/config').set(name, value)).status).toBe(403)
  })

  test('to take its own name from X-Forwarded-Host', async () => {
    const request = 'GET /config HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\nConnection: close\r\n\r\n'
    expect(await rawAnswer(running, cast, request, cast.operator)).toMatch(/^HTTP\/1\.1 421 /)
  })
})

describe('DNS rebinding: a Host that is not ours', () => {
  test.each([
    'evil.example',
    'evil.example:8444',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    'localhost@evil.example',
    'evil.example#localhost',
    '[::ffff:127.0.0.1]',
    '10.0.0.1',
    '',
  ])('%p is refused on open and guarded paths alike', async (host) => {
    for (const path of ['/livez', '/readyz', '/metrics', '/version', '/config', '/nothing']) {
      expect(await hostAnswer(path, host)).toMatch(/^HTTP\/1\.1 421 /)
    }
  })

  test.each(['localhost', 'LOCALHOST:8444', '127.0.0.1:1', '[::1]:8444'])('%p is ours', async (host) => {
    expect(await hostAnswer('/livez', host)).toMatch(/^HTTP\/1\.1 200 /)
  })
})

describe('CSRF: a browser with an operator’s certificate is not used by another site', () => {
  test.each([
    [{ Origin: 'https://evil.example' }],
    [{ Origin: 'null' }],
    [{ Origin: 'http://localhost' }],
    [{ Origin: 'https://localhost:1' }],
    [{ 'Sec-Fetch-Site': 'cross-site' }],
    [{ 'Sec-Fetch-Site': 'same-site' }],
    [{ 'Sec-Fetch-Site': 'none' }],
  ])('%j refuses every change', async (headers) => {
    const operator = asking(running, cast, cast.operator)
    expect((await operator.post('/reload').set(headers).send({})).status).toBe(403)
    expect((await operator.post('/lockouts').set(headers).send(lockout)).status).toBe(403)
    expect((await operator.delete('/lockouts/x').set(headers)).status).toBe(403)
    expect(running.acts).toEqual([])
  })

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=a', 'application/jsonp'])(
    'a POST as %s, which a page may send unasked, is refused',
    async (type) => {
      const operator = asking(running, cast, cast.operator)
      expect((await operator.post('/reload').set('Content-Type', type).send('')).status).toBe(415)
      expect((await operator.post('/lockouts').set('Content-Type', type).send(JSON.stringify(lockout))).status).toBe(415)
    },
  )

  test('a POST without a content type is refused', async () => {
    expect((await asking(running, cast, cast.operator).post('/reload')).status).toBe(415)
  })

  test('the port’s own page may', async () => {
    const operator = asking(running, cast, cast.operator)
    const own = { Origin: `https://localhost:${running.ops.port}`, 'Sec-Fetch-Site': 'same-origin' }
    expect((await operator.post('/reload').set(own).send({})).status).toBe(200)
    expect((await operator.get('/lockouts').set('Sec-Fetch-Site', 'none')).status).toBe(200)
  })
})

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('O1: a %s session', (version) => {
  test('begun on another listener of this process, with an operator’s certificate, proves nothing on the operators’ port', async () => {
    const options = {
      cert: cast.server.chainPem,
      key: cast.server.keyPem,
      ca: [cast.authority.certificatePem, cast.dataAuthority.certificatePem],
      requestCert: true,
      rejectUnauthorized: false,
    }
    const data = createServer(options, (_request, response) => response.end())
    await new Promise<void>((resolve) => data.listen(0, 'localhost', resolve))
    const port = (data.address() as AddressInfo).port
    const session = await sessionOf(port, version, cast.operator)
    const control = await ask(port, version, session)
    expect(control.reused).toBe(true)
    const attempt = await ask(running.ops.port, version, session)
    expect(attempt.reused).toBe(false)
    expect(attempt.answer).toMatch(/^HTTP\/1\.1 403 /)
    await new Promise((resolve) => {
      data.close(resolve)
      data.closeAllConnections()
    })
  })

  test('begun on the operators’ port without a certificate gains none by resuming', async () => {
    const session = await sessionOf(running.ops.port, version)
    const attempt = await ask(running.ops.port, version, session)
    expect(attempt.reused).toBe(true)
    expect(attempt.answer).toMatch(/^HTTP\/1\.1 403 /)
  })

  test('begun on the operators’ port is not resumed after a reload', async () => {
    const session = await sessionOf(running.ops.port, version, cast.operator)
    expect(await ask(running.ops.port, version, session)).toMatchObject({ reused: true, answer: expect.stringMatching(/^HTTP\/1\.1 200 /) })
    await running.ops.reload(running.settings, new Set())
    const attempt = await ask(running.ops.port, version, session)
    expect(attempt.reused).toBe(false)
    expect(attempt.answer).toMatch(/^HTTP\/1\.1 403 /)
  })
})

function hostAnswer(path: string, host: string): Promise<string> {
  return rawAnswer(running, cast, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, cast.operator)
}

function tlsTo(port: number, version: 'TLSv1.2' | 'TLSv1.3', options: { as?: Issued; session?: Buffer }): TLSSocket {
  const { as, session } = options
  return connect({
    host: 'localhost',
    port,
    ca: cast.authority.certificatePem,
    minVersion: version,
    maxVersion: version,
    ...(as && { cert: as.chainPem, key: as.keyPem }),
    ...(session && { session }),
  })
}

function sessionOf(port: number, version: 'TLSv1.2' | 'TLSv1.3', as?: Issued): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = tlsTo(port, version, as === undefined ? {} : { as })
    socket.once('session', (session) => {
      socket.destroy()
      resolve(session)
    })
    socket.once('error', reject)
  })
}

/** Asks for a guarded path, showing no certificate, over the session. */
function ask(port: number, version: 'TLSv1.2' | 'TLSv1.3', session: Buffer): Promise<{ reused: boolean; answer: string }> {
  return new Promise((resolve, reject) => {
    const socket = tlsTo(port, version, { session })
    let reused = false
    socket.once('secureConnect', () => {
      reused = socket.isSessionReused()
      socket.write('GET /lockouts HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    })
    socket.once('data', (chunk) => {
      socket.destroy()
      resolve({ reused, answer: chunk.toString() })
    })
    socket.once('close', () => resolve({ reused, answer: '' }))
    socket.once('error', reject)
  })
}

function viaAgent(agent: HttpsAgent): Promise<{ status: number; reused: boolean }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: 'localhost', port: running.ops.port, path: '/lockouts', agent, ca: cast.authority.certificatePem },
      (response) => {
        response.resume().once('end', () => setImmediate(resolve, { status: response.statusCode ?? 0, reused: sent.reusedSocket }))
      },
    )
    sent.once('error', reject)
    sent.end()
  })
}
