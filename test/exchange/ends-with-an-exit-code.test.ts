import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { runSsp } from '../support/run-ssp.ts'
import { whereMountable } from '../support/small-disk.ts'
import { type Ground, layWorld } from '../support/start-world.ts'
import { startWorldProcess } from '../support/start-world-process.ts'

/** Starts `ssp serve` on such files and gives back how it ended; its log is left out of what it said. */
async function served(ground: Pick<Ground, 'config'>): Promise<{ readonly code: number | null; readonly said: readonly string[] }> {
  const { code, error } = await runSsp(['serve', '--config', ground.config])
  return { code, said: error.split('\n').filter((line) => line !== '' && !line.startsWith('{')) }
}

/** Takes the key of lockouts out of the settings, so that the data directory's counts. */
async function sealsWithAKeyOfItsOwn({ config }: Pick<Ground, 'config'>): Promise<void> {
  const { lockouts: _, ...others } = JSON.parse(await readFile(config, 'utf8'))
  await writeFile(config, JSON.stringify(others))
}

describe('ssp serve ends with', () => {
  let ground: Ground
  const file = (name: string, text: string) => writeFile(join(ground.directory, name), text, { mode: 0o600 })
  beforeEach(async () => {
    ground = await layWorld()
  })
  afterEach(() => ground.clear())

  test('64 for a command line that is wrong', async () => {
    expect((await runSsp(['serve', '--confg', ground.config])).code).toBe(64)
    expect((await runSsp(['sevre'])).code).toBe(64)
  })

  test('78 and the place for settings that are wrong', async () => {
    await file('config.yaml', 'listener: { port: 99999 }\n')
    const { code, said } = await served(ground)
    expect(code).toBe(78)
    expect(said.join('\n')).toMatch(/config\.yaml:1:\d+: listener\.port/)
  })

  test.each(['server.key', 'client.pem', 'ca.pem', 'crl.pem', 'registry.yaml', 'sharing.yaml'])(
    '78 and a sentence where %s is none',
    async (name) => {
      await file(name, 'nothing of the kind\n')
      const { code, said } = await served(ground)
      expect(code).toBe(78)
      expect(said.join('\n')).toContain(name)
      expect(said.join('\n')).not.toMatch(/\bat .*\.(ts|js):\d+/)
    },
  )

  test('78, the settings and the files where certificates are missing', async () => {
    await rm(join(ground.directory, 'server.pem'))
    await rm(join(ground.directory, 'client.key'))
    const { code, said } = await served(ground)
    expect(code).toBe(78)
    expect(said).toEqual([
      expect.stringMatching(/^listener\.certificate: \/.*server\.pem cannot be read/),
      expect.stringMatching(/^forwarding\.key: \/.*client\.key cannot be read/),
    ])
  })

  test.each(['listener', 'operators'])('78 and one sentence where the port of %s is taken', async (leg) => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    await ground.clear()
    ground = await layWorld({ settings: { [leg]: { host: '127.0.0.1', port } } })
    const { code, said } = await served(ground)
    holder.close()
    expect(code).toBe(78)
    expect(said).toHaveLength(1)
    expect(said[0]).toMatch(new RegExp(`${port}.*(taken by another program|already in use)`))
  })

  test.each(['listener', 'operators'])('78 and one sentence where %s names a host that is none of this machine', async (leg) => {
    await ground.clear()
    ground = await layWorld({ settings: { [leg]: { host: '999.1.1.1' } } })
    const { code, said } = await served(ground)
    expect(code).toBe(78)
    expect(said).toEqual([expect.stringMatching(/(listener|operators).*cannot listen on 999\.1\.1\.1/)])
  })

  test.each([
    ['is a file', (directory: string) => join(directory, 'ca.pem')],
    ['would be under a file', (directory: string) => join(directory, 'ca.pem', 'data')],
    // A recursive mkdir of Node tries this for ever.
    ['is where no folder can be made', () => '/proc/data'],
  ])('78 and one sentence where the data directory %s', async (_what, place) => {
    const dataDirectory = place(ground.directory)
    const { code, error } = await runSsp(['serve', '--config', ground.config], { SSP_DATA_DIRECTORY: dataDirectory })
    expect(code).toBe(78)
    expect(error.trim().split('\n')).toEqual([expect.stringContaining(`dataDirectory: ${dataDirectory} cannot be made`)])
  })

  test.each(['crl', 'audit', 'lockouts.key'])('78 and one sentence where %s of the data directory is something else', async (name) => {
    await sealsWithAKeyOfItsOwn(ground)
    await mkdir(join(ground.directory, 'data'), { mode: 0o700 })
    await file(join('data', name), 'nothing of the kind\n')
    const { code, said } = await served(ground)
    expect({ code, said }).toEqual({ code: 78, said: [expect.stringContaining(join(ground.directory, 'data', name))] })
  })

  test('78 and one sentence where the key that seals lockouts is a folder', async () => {
    await sealsWithAKeyOfItsOwn(ground)
    const key = join(ground.directory, 'data', 'lockouts.key')
    await mkdir(key, { recursive: true, mode: 0o700 })
    const { code, said } = await served(ground)
    expect({ code, said }).toEqual({ code: 78, said: [expect.stringContaining(key)] })
  })

  test('78 and one sentence where the key of the log is open to others', async () => {
    const keys = join(ground.directory, 'data', 'keys')
    await mkdir(keys, { recursive: true, mode: 0o700 })
    const { privateKey } = generateKeyPairSync('ed25519', {
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    })
    await writeFile(join(keys, 'log.key'), privateKey, { mode: 0o644 })
    const { code, said } = await served(ground)
    expect({ code, said }).toEqual({ code: 78, said: [expect.stringMatching(/log\.key has mode 644.*chmod 600/)] })
  })

  test('78 where another process writes the same audit', async () => {
    const here = await startWorldProcess()
    const { code, said } = await served(here)
    await here.close()
    expect(code).toBe(78)
    expect(said).toHaveLength(1)
  })
})

whereMountable('ssp serve ends with 78 and one sentence', '8m', (folder) => {
  test('where the data directory cannot be written', async () => {
    execFileSync('mount', ['-o', 'remount,ro', folder])
    const ground = await layWorld()
    const { code, error } = await runSsp(['serve', '--config', ground.config], { SSP_DATA_DIRECTORY: folder })
    await ground.clear()
    expect(code).toBe(78)
    expect(error.trim().split('\n')).toEqual([expect.stringContaining(`dataDirectory: ${folder} cannot be written: EROFS`)])
  })
})
