import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { getCiphers } from 'node:tls'
import { wireText } from '../../support/consumer.ts'
import { whereInstalled } from '../../support/outside-program.ts'
import { certificates, startWorld, type World } from '../../support/start-world.ts'
import { shakeHands } from '../../support/tls-consumer.ts'

const tls12 = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
/** OpenSSL's names of every suite that this build offers for TLS 1.2 and below, as weak as they come. */
const everySuite = getCiphers()
  .map((name) => name.toUpperCase())
  .filter((name) => !name.startsWith('TLS_'))

async function suiteOf(here: World, ciphers: string): Promise<string | undefined> {
  const consumer = await shakeHands(here, { ...tls12, ciphers: `${ciphers}:@SECLEVEL=0` }).catch(() => undefined)
  const name = consumer?.socket.getCipher().name
  consumer?.socket.destroy()
  return name
}

async function negotiated(here: World): Promise<readonly string[]> {
  const found: string[] = []
  for (const suite of everySuite) {
    const name = await suiteOf(here, suite)
    if (name !== undefined) found.push(name)
  }
  return found.sort()
}

const spineSuites = [
  'DHE-RSA-AES128-GCM-SHA256',
  'DHE-RSA-AES256-GCM-SHA384',
  'DHE-RSA-AES256-SHA',
  'DHE-RSA-AES256-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA384',
]

describe('the spine profile', () => {
  let here: World
  beforeAll(async () => {
    here = await startWorld()
  })
  afterAll(() => here.close())

  test('T16: of all suites of TLS 1.2 exactly the eight of the national service are negotiated', async () => {
    expect(everySuite.length).toBeGreaterThan(40)
    expect(await negotiated(here)).toEqual(spineSuites)
  })

  test.each(spineSuites)('a call goes through with %s', async (ciphers) => {
    const consumer = await shakeHands(here, { ...tls12, ciphers })
    expect((await consumer.ask())?.status).toBe(200)
    consumer.socket.destroy()
  })

  test("the proxy's preference decides, not the consumer's", async () => {
    expect(await suiteOf(here, [...spineSuites].reverse().join(':'))).toBe('ECDHE-RSA-AES256-GCM-SHA384')
  })

  test('TLS 1.3 is spoken', async () => {
    const consumer = await shakeHands(here, { minVersion: 'TLSv1.3' })
    expect([consumer.socket.getProtocol(), (await consumer.ask())?.status]).toEqual(['TLSv1.3', 200])
    consumer.socket.destroy()
  })

  test.each(['TLSv1', 'TLSv1.1'] as const)('T16: %s is refused, and the process lives', async (version) => {
    await expect(shakeHands(here, { minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' })).rejects.toThrow()
  })

  test('T16: a consumer that renegotiates is refused, and the process lives', async () => {
    const consumer = await shakeHands(here, tls12)
    expect((await consumer.ask())?.status).toBe(200)
    const told = new Promise<unknown>((resolve) => {
      consumer.socket.on('error', resolve)
      consumer.socket.renegotiate({}, resolve)
    })
    expect(await told).toHaveProperty('code', expect.stringMatching(/^ERR_SSL_.*RENEGOTIATION|^ECONNRESET$/))
    consumer.socket.destroy()
    const next = await shakeHands(here)
    expect((await next.ask())?.status).toBe(200)
    next.socket.destroy()
  })

  test('D7: HTTP/2 is not negotiated', async () => {
    const consumer = await shakeHands(here, { ALPNProtocols: ['h2', 'http/1.1'] })
    expect(consumer.socket.alpnProtocol).toBe('http/1.1')
    consumer.socket.destroy()
    await expect(shakeHands(here, { ALPNProtocols: ['h2'] })).rejects.toThrow()
  })

  whereInstalled('openssl', (openssl) => {
    test('T20: early data of TLS 1.3 is not accepted, and nothing in it is answered', async () => {
      const folder = await mkdtemp(join(tmpdir(), 's-client-'))
      const { consumer, authority } = await certificates()
      const file = async (name: string, text: string): Promise<string> => {
        await writeFile(join(folder, name), text, { mode: 0o600 })
        return join(folder, name)
      }
      const session = join(folder, 'session')
      const common = [
        ...['s_client', '-connect', `127.0.0.1:${here.proxy.dataPort}`, '-servername', 'localhost', '-tls1_3', '-ign_eof'],
        ...['-CAfile', await file('ca.pem', authority.certificatePem), '-cert', await file('cert.pem', consumer.certificatePem)],
        ...['-cert_chain', await file('chain.pem', consumer.chainPem), '-key', await file('key.pem', consumer.keyPem)],
      ]
      const request = await file('request', wireText({ extra: 'Connection: close\r\n' }))
      try {
        const first = await said(openssl, [...common, '-sess_out', session], wireText({ extra: 'Connection: close\r\n' }))
        expect(first).toContain('HTTP/1.1 200')
        expect(first).toContain('Max Early Data: 0')
        const second = await said(
          openssl,
          [...common, '-sess_in', session, '-early_data', request],
          wireText({ extra: 'Connection: close\r\n' }),
        )
        expect(second).toMatch(/Reused, TLSv1\.3/)
        expect(second).not.toContain('Early data was accepted')
        expect(second.match(/HTTP\/1\.1 200/g)).toHaveLength(1)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
  })
})

/** Everything that the program says, given this input. */
function said(program: string, options: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, options, { stdio: 'pipe' })
    let text = ''
    const hear = (chunk: Buffer): void => {
      text += chunk.toString('latin1')
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    child.once('close', () => resolve(text))
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

describe('the modern profile', () => {
  let here: World
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ecdsa-'))
    const { intermediate } = await certificates()
    const server = await intermediate.issue({ cn: 'localhost', usages: ['serverAuth'], keyType: 'ec' })
    await writeFile(join(folder, 'server.pem'), server.chainPem)
    await writeFile(join(folder, 'server.key'), server.keyPem, { mode: 0o600 })
    here = await startWorld({
      settings: { listener: { tlsProfile: 'modern', certificate: join(folder, 'server.pem'), key: join(folder, 'server.key') } },
    })
  })
  afterAll(async () => {
    await here.close()
    await rm(folder, { recursive: true, force: true })
  })

  test('with an ECDSA certificate nothing is negotiated but ECDHE with AEAD', async () => {
    expect(await negotiated(here)).toEqual([
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
    ])
  })

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a call goes through over %s', async (version) => {
    const consumer = await shakeHands(here, { minVersion: version, maxVersion: version })
    expect((await consumer.ask())?.status).toBe(200)
    consumer.socket.destroy()
  })
})

test('the modern profile with an RSA certificate negotiates its ECDHE suites with AEAD alone, on curves, and signs with SHA-256 at least', async () => {
  const here = await startWorld({ settings: { listener: { tlsProfile: 'modern' } } })
  try {
    expect(await negotiated(here)).toEqual(['ECDHE-RSA-AES128-GCM-SHA256', 'ECDHE-RSA-AES256-GCM-SHA384', 'ECDHE-RSA-CHACHA20-POLY1305'])
    const tls13 = { minVersion: 'TLSv1.3' } as const
    await expect(shakeHands(here, { ...tls13, ecdhCurve: 'ffdhe2048:ffdhe3072' })).rejects.toThrow()
    await expect(shakeHands(here, { ...tls12, sigalgs: 'rsa_pkcs1_sha224', ciphers: 'DEFAULT:@SECLEVEL=0' })).rejects.toThrow()
    for (const ecdhCurve of ['X25519MLKEM768', 'X25519', 'P-256']) {
      const consumer = await shakeHands(here, { ...tls13, ecdhCurve })
      expect([ecdhCurve, (await consumer.ask())?.status]).toEqual([ecdhCurve, 200])
      consumer.socket.destroy()
    }
  } finally {
    await here.close()
  }
})
