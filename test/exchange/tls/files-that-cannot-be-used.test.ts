import { chmod, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startLifecycle } from '../../../src/app/lifecycle.ts'
import { loadConfig } from '../../../src/app/load-config.ts'
import { StartRefused } from '../../../src/app/start-refused.ts'
import { openLog } from '../../../src/lib/logger.ts'
import { createIssuerMemory } from '../../../src/pki/issuer-memory.ts'
import { createAuthority } from '../../support/certificate-authority.ts'
import { call } from '../../support/consumer.ts'
import { type ExpectedRefusal, everyRefusalRecorded, expectRefusal } from '../../support/expect-refusal.ts'
import { operatorsPage } from '../../support/operators-page.ts'
import { certificates, layWorld, startWorld, type World } from '../../support/start-world.ts'

const row2: ExpectedRefusal = {
  status: 495,
  rule: 'client-certificate',
  origin: 'consumer',
  code: 'BAD_CERTIFICATE',
  issue: 'forbidden',
  text: 'ACCESS_DENIED_SSL',
  closes: true,
}

/** How a file of the trust settings goes wrong. */
const wrongs: readonly (readonly [string, (path: string) => Promise<unknown>])[] = [
  ['missing', (path) => rm(path)],
  ['empty', (path) => writeFile(path, '')],
  ['blank', (path) => writeFile(path, ' \n\n')],
  [
    'a folder',
    async (path) => {
      await rm(path)
      await mkdir(path)
    },
  ],
  ['malformed', (path) => writeFile(path, '-----BEGIN CERTIFICATE-----\nTWFsZm9ybWVk\n-----END CERTIFICATE-----\n')],
  ['cut off', (path) => writeFile(path, '-----BEGIN X509 CRL-----\nMIIB\n')],
  ['something else', (path) => writeFile(path, '{"registry":[]}')],
  ['binary rubbish', (path) => writeFile(path, Buffer.from('308201ff020100deadbeef', 'hex'))],
]
const files = ['ca.pem', 'intermediate.pem', 'crl.pem', 'operators-ca.pem'] as const
const cases = files.flatMap((file) => wrongs.map(([what, spoil]) => [file, what, spoil] as const))

describe('T7: the start is refused, whole, where', () => {
  test.each(cases)('%s is %s', async (file, _what, spoil) => {
    const ground = await layWorld()
    try {
      await spoil(join(ground.directory, file))
      const loaded = await loadConfig(ground.config, {})
      const started = startLifecycle(loaded, {}, openLog(loaded.config.logging))
      const error: unknown = await started.then(
        (proxy) => proxy.close(),
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(StartRefused)
      expect((error as Error).message).toContain(file)
      const data = await readdir(join(ground.directory, 'data')).catch(() => [])
      expect(data).not.toContain('ssp.sock')
    } finally {
      await ground.clear()
    }
  })

  test.each(['ca.pem', 'intermediate.pem', 'crl.pem'])('%s may not be read', async (file) => {
    const ground = await layWorld()
    const isRoot = process.geteuid?.() === 0
    try {
      await Promise.all([chmod(join(ground.directory, file), 0), chmod(ground.directory, 0o755), mkdir(join(ground.directory, 'data'))])
      await chmod(join(ground.directory, 'data'), 0o700)
      await chmod(join(ground.directory, 'config.yaml'), 0o644)
      // Root reads everything, whatever the mode: for a moment it is nobody.
      const loaded = await loadConfig(ground.config, {})
      const { loadMaterials } = await import('../../../src/app/materials.ts')
      if (isRoot) process.seteuid?.(65_534)
      const refused = await loadMaterials(loaded, { first: { issuerMemory: createIssuerMemory(), keptCrls: [] } }).catch(
        (error: unknown) => error,
      )
      if (isRoot) process.seteuid?.(0)
      expect(refused).toBeInstanceOf(StartRefused)
      expect((refused as Error).message).toMatch(new RegExp(`${file.replace('.', '\\.')}.*may not be read`))
    } finally {
      if (isRoot) process.seteuid?.(0)
      await ground.clear()
    }
  })
})

describe('T7: at a reload what was in force stays, loudly, where', () => {
  let here: World
  let originals: Readonly<Record<(typeof files)[number], string>>
  beforeAll(async () => {
    here = await startWorld({ settings: everyRefusalRecorded })
    const { authority, intermediate, operators } = await certificates()
    originals = {
      'ca.pem': authority.certificatePem,
      'intermediate.pem': intermediate.certificatePem,
      'crl.pem': (await authority.crl({ number: 5 })) + (await intermediate.crl({ number: 5 })),
      'operators-ca.pem': operators.certificatePem,
    }
  })
  afterEach(async () => {
    await Promise.all(
      files.map(async (file) => {
        await rm(join(here.directory, file), { recursive: true, force: true })
        await writeFile(join(here.directory, `${file}.new`), originals[file])
        await rename(join(here.directory, `${file}.new`), join(here.directory, file))
      }),
    )
    expect(await here.proxy.reload('test')).toMatchObject({ ok: true })
    expect(await operatorsPage(here, '/metrics')).toMatch(/^ssp_config_last_reload_successful 1$/m)
  })
  afterAll(() => here.close())

  /** The same parties as before are let in and kept out, and readiness, metric and audit tell why. */
  async function expectLastGood(named: string): Promise<void> {
    const before = here.audit().length
    expect(await here.proxy.reload('test')).toEqual({ ok: false, detail: expect.stringContaining(named) })
    expect((await call(here)).status).toBe(200)
    await expectRefusal(here, { as: here.certificates.badAuthority }, { ...row2, reason: /chain|anchor|issuer/ })
    await expectRefusal(here, { as: here.certificates.badRevoked }, { ...row2, reason: /^revoked on / })
    expect(await operatorsPage(here, '/readyz?verbose')).toMatch(/^\[!\]warning: the last reload was refused \(20.*\): ./m)
    const metrics = await operatorsPage(here, '/metrics')
    expect(metrics).toMatch(/^ssp_config_last_reload_successful 0$/m)
    expect(metrics).toMatch(/^ssp_config_last_reload_timestamp_seconds \d{10}(\.\d+)?$/m)
    const told = here
      .audit()
      .slice(before)
      .find((entry) => entry.type === 'operation' && entry.act === 'reload-refused')
    expect(told).toMatchObject({ actor: 'test', detail: { detail: expect.stringContaining(named) } })
  }

  test.each(cases)('%s is %s', async (file, _what, spoil) => {
    await spoil(join(here.directory, file))
    await expectLastGood(file)
  })

  test.each([
    [
      'ca.pem',
      'another authority, under which the intermediate leads nowhere',
      async () => (await createAuthority({ name: 'Other' })).certificatePem,
    ],
    ['ca.pem', 'a certificate that is no authority', async () => (await certificates()).consumer.certificatePem],
    ['intermediate.pem', 'an authority that leads to no anchor', async () => (await createAuthority({ name: 'Other' })).certificatePem],
    ['crl.pem', 'a list by a stranger', async () => (await createAuthority({ name: 'Stranger' })).crl()],
    ['crl.pem', 'a list that has lost one of its issuers', async () => (await certificates()).authority.crl({ number: 9 })],
    ['operators-ca.pem', 'an anchor of the data port', async () => (await certificates()).authority.certificatePem],
  ])('%s holds %s', async (file, what, text) => {
    await writeFile(join(here.directory, file), await text())
    // The file that no longer fits is named, which may be another.
    await expectLastGood(what.startsWith('another authority') ? 'intermediate.pem' : file)
  })
})
