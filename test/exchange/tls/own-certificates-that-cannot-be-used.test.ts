import { execFileSync } from 'node:child_process'
import { KeyObject } from 'node:crypto'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startLifecycle } from '../../../src/app/lifecycle.ts'
import { loadConfig } from '../../../src/app/load-config.ts'
import { StartRefused } from '../../../src/app/start-refused.ts'
import { openLog } from '../../../src/lib/logger.ts'
import { createShortKey } from '../../support/certificate-authority.ts'
import { call } from '../../support/consumer.ts'
import { certificates, type Ground, layWorld, startWorld, type World, world } from '../../support/start-world.ts'

/** The operators' port has a certificate of its own, as in the field: it is not it that finds the fault. */
const ownOperators = { operators: { certificate: 'operators.pem', key: 'operators.key' } }

async function layOperators({ directory }: Pick<Ground, 'directory'>): Promise<void> {
  const { server } = await certificates()
  await writeFile(join(directory, 'operators.pem'), server.chainPem)
  await writeFile(join(directory, 'operators.key'), server.keyPem)
}

/** What is wrong only with the whole of it: the leaf can be read, and the key is its own. */
const wrongs = [
  [
    'cut off behind the leaf',
    async () => {
      const { client } = await certificates()
      return { pem: client.chainPem.trimEnd().slice(0, -100), key: client.keyPem }
    },
  ],
  [
    'for a key of 1,024 bits',
    async () => {
      const { intermediate } = await certificates()
      const key = await createShortKey()
      const { chainPem } = await intermediate.issue({ cn: 'proxy.dev.spine2.ncrs.nhs.uk', key })
      return { pem: chainPem, key: KeyObject.from(key.privateKey).export({ type: 'pkcs8', format: 'pem' }) }
    },
  ],
] as const
const cases = (['server', 'client'] as const).flatMap((name) => wrongs.map(([what, make]) => [`${name}.pem`, what, make] as const))

async function put(directory: string, name: string, text: string | Buffer): Promise<void> {
  await writeFile(join(directory, `${name}.new`), text, { mode: 0o600 })
  await rename(join(directory, `${name}.new`), join(directory, name))
}

async function spoil(directory: string, file: string, make: (typeof wrongs)[number][1]): Promise<void> {
  const { pem, key } = await make()
  await put(directory, file.replace('.pem', '.key'), key)
  await put(directory, file, pem)
}

describe('A5: a reload is refused whole, where', () => {
  let here: World
  beforeEach(async () => {
    here = await startWorld()
    await layOperators(here)
    const settings = JSON.parse(await readFile(join(here.directory, 'config.yaml'), 'utf8')) as { operators: object }
    const operators = { ...settings.operators, ...ownOperators.operators }
    await put(here.directory, 'config.yaml', JSON.stringify({ ...settings, operators }))
    expect(await here.proxy.reload('test')).toMatchObject({ ok: true })
  })
  afterEach(() => here.close())

  test.each(cases)('%s is %s', async (file, _what, make) => {
    const registry = JSON.parse(await readFile(join(here.directory, 'registry.yaml'), 'utf8')) as {
      systems: { asid: string; interactions: string[] }[]
    }
    // A half that could be taken: by it the consumer could send nothing.
    for (const system of registry.systems) if (system.asid === world.consumer.asid) system.interactions = []
    await put(here.directory, 'registry.yaml', JSON.stringify(registry))
    await spoil(here.directory, file, make)
    expect(await here.proxy.reload('test')).toEqual({ ok: false, detail: expect.stringContaining(file) })
    // No connection to the provider is there yet: one is opened with the certificate that is in force.
    expect((await call(here)).status).toBe(200)
  })

  test.each(['server.pem', 'client.key', 'operators.pem', 'operators-ca.pem'])(
    '%s is a pipe into which nobody writes, and the next one that is good is taken',
    async (file) => {
      const good = await readFile(join(here.directory, file))
      await rm(join(here.directory, file))
      execFileSync('mkfifo', [join(here.directory, file)])
      expect(await here.proxy.reload('test')).toEqual({ ok: false, detail: expect.stringMatching(`${file}.*no ordinary file`) })
      await put(here.directory, file, good)
      expect(await here.proxy.reload('test')).toMatchObject({ ok: true })
    },
  )
})

describe('T7: the start is refused, where', () => {
  test.each(cases)('%s is %s', async (file, _what, make) => {
    const ground = await layWorld({ settings: ownOperators })
    try {
      await layOperators(ground)
      await spoil(ground.directory, file, make)
      const loaded = await loadConfig(ground.config, {})
      const error: unknown = await startLifecycle(loaded, {}, openLog(loaded.config.logging)).then(
        (proxy) => proxy.close(),
        (reason: unknown) => reason,
      )
      expect(error).toBeInstanceOf(StartRefused)
      expect((error as Error).message).toContain(file)
    } finally {
      await ground.clear()
    }
  })
})
