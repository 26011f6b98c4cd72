import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Installation, install } from '../../support/run-ssp.ts'
import { type Cast, createCast, startTestOps, type TestOps } from '../../support/start-ops.ts'

let cast: Cast
let proxy: TestOps
let here: Installation
beforeAll(async () => {
  cast = await createCast()
  proxy = await startTestOps(cast)
  here = await install()
})
afterAll(async () => {
  await proxy.close()
  await here.remove()
})

function ssp(...args: string[]) {
  return here.run(args, { SSP_DATA_DIRECTORY: proxy.directory })
}

test('status prints the conditions, and ends with 1 where the proxy is not ready', async () => {
  expect(await ssp('status')).toEqual({ code: 0, out: '[+]registry ok: 12 systems\nreadyz check passed\n', error: '' })
  proxy.world.readiness = {
    ready: false,
    items: [{ name: 'audit', ok: false, detail: 'disk full' }],
    degraded: [],
    warnings: [],
    observed: ['throttle'],
  }
  expect(await ssp('status')).toEqual({
    code: 1,
    out: '[-]audit failed: disk full\n[~]throttle is only observed\nreadyz check failed\n',
    error: '',
  })
})

test('reload tells what came of it', async () => {
  expect(await ssp('reload')).toEqual({ code: 0, out: 'reloaded\n', error: '' })
})

test('a lockout is added, listed and released by what it names', async () => {
  const added = await ssp('lockout', 'add', '--party-key', 't77777-7777777', '--reason', 'call 4711', '--for', '1h')
  expect(added).toMatchObject({ code: 0, error: '' })
  expect(added.out).toMatch(/^[0-9a-f-]{36} party-key T77777-7777777 until \d{4}-.*Z by socket:.*: call 4711\n$/)
  expect((await ssp('lockout', 'list')).out).toBe(added.out)
  const released = await ssp('lockout', 'release', '--party-key', 'T77777-7777777', '--reason', 'solved')
  expect(released).toEqual({ code: 0, out: `released ${added.out}`, error: '' })
  expect(proxy.acts.at(-1)).toEqual([expect.anything(), 'lockout-release', expect.objectContaining({ reason: 'solved' })])
  expect(await ssp('lockout', 'list')).toEqual({ code: 0, out: '', error: 'nobody is locked out\n' })
})

test('a lockout of what the directory does not hold is made, and said to shut nobody out', async () => {
  const { code, out, error } = await ssp('lockout', 'add', '--party-key', 'T00000-0000000', '--reason', 'x')
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(' party-key T00000-0000000 until released by ') })
  expect(error).toBe('No record of the directory bears this value: as the directory is now, the lockout shuts nobody out.\n')
  expect(await ssp('lockout', 'release', '--party-key', 'T00000-0000000')).toMatchObject({ code: 0 })
})

test('a lockout is released by its id', async () => {
  const { out } = await ssp('lockout', 'add', '--asid', '200000000359', '--reason', 'x')
  expect(out).toContain(' until released by ')
  const id = out.split(' ', 1)[0]!
  expect(await ssp('lockout', 'release', id)).toMatchObject({ code: 0 })
  expect(await ssp('lockout', 'release', id)).toEqual({ code: 1, out: '', error: 'There is no such lockout.\n' })
})

test('a lockout that is in force cannot be confirmed, and one that nobody proposed is not known', async () => {
  const { out } = await ssp('lockout', 'add', '--binding', `${'AB'.repeat(32)}:200000000359`, '--reason', 'x')
  expect(out).toContain(` binding ${'ab'.repeat(32)}:200000000359 until released by `)
  const id = out.split(' ', 1)[0]!
  expect(await ssp('lockout', 'confirm', id)).toEqual({ code: 1, out: '', error: 'The lockout is in force already.\n' })
  expect(await ssp('lockout', 'release', id)).toMatchObject({ code: 0 })
  expect(await ssp('lockout', 'confirm', id)).toEqual({ code: 1, out: '', error: 'There is no such lockout.\n' })
})

test('a certificate is named by its fingerprint as openssl prints it, too', async () => {
  const printed = Array.from({ length: 32 }, (_, at) => (at + 160).toString(16).toUpperCase()).join(':')
  const { out } = await ssp('lockout', 'add', '--certificate', printed, '--reason', 'x')
  expect(out).toContain(` certificate ${printed.replaceAll(':', '').toLowerCase()} until`)
  expect(await ssp('lockout', 'release', '--certificate', printed)).toMatchObject({ code: 0 })
})

test('a drill prints each node with its time, and is in the audit', async () => {
  expect(await ssp('lockout', 'drill')).toEqual({ code: 0, out: expect.stringMatching(/^test \d+\.\d ms\n$/), error: '' })
  expect(proxy.acts.at(-1)).toEqual([expect.anything(), 'lockout-drill', {}])
})

test('releasing what is not locked out ends with 1', async () => {
  expect(await ssp('lockout', 'release', '--organisation', 'X1')).toEqual({
    code: 1,
    out: '',
    error: 'no lockout in force names the organisation X1\n',
  })
})

test.each([
  [['lockout', 'add', '--asid', '200000000359', '--reason', '']],
  [['lockout', 'add', '--asid', '200000000359', '--reason', 'x\ny']],
  [['lockout', 'add', '--asid', '200000000359', '--reason', 'x', '--for', '99999999d']],
  [['lockout', 'release', '']],
  [['lockout', 'confirm', '']],
  [['breaker', 'hold-open', '--host', 'provider.thirdparty.nhs.uk', '--reason', '']],
  [['breaker', 'hold-open', '--host', '', '--reason', 'x']],
])('%j is a usage error, 64', async (args) => {
  expect(await ssp(...args)).toEqual({ code: 64, out: '', error: expect.stringMatching(/\S/) })
})

describe('where the settings file has come to have problems, the proxy that runs', () => {
  async function broken(text: string): Promise<string> {
    const config = join(here.directory, 'broken.yaml')
    await writeFile(config, `${await readFile(here.config, 'utf8')}${text}`)
    return config
  }
  const problems = 'The settings have problems (ssp check-config tells them); the proxy that runs was asked all the same.\n'

  test.each(['nonsense: 1\n', 'a: b: c\n'])('is asked all the same (%j)', async (text) => {
    const config = await broken(text)
    const added = await ssp('lockout', 'add', '--asid', '200000000361', '--reason', 'stolen', '--config', config)
    expect(added).toEqual({ code: 0, out: expect.stringContaining('asid 200000000361'), error: problems })
    expect(await ssp('status', '--config', config)).toMatchObject({ error: problems })
    expect(await ssp('reload', '--config', config)).toMatchObject({ code: 0, error: problems })
    expect(await ssp('lockout', 'release', '--asid', '200000000361', '--config', config)).toMatchObject({ code: 0 })
  })

  test('is found by the data directory that the file names, beside its problems', async () => {
    const config = await broken(`dataDirectory: ${proxy.directory}\nnonsense: 1\n`)
    expect(await here.run(['status', '--config', config])).toMatchObject({ error: problems })
  })

  test('is not guessed at where the file cannot say where it is, or where none runs', async () => {
    for (const text of ['a: b: c\n', 'nonsense: 1\n']) {
      const { code, error } = await here.run(['status', '--config', await broken(text)])
      expect({ code, error }).toEqual({ code: 78, error: expect.stringContaining('broken.yaml:') })
    }
  })
})
