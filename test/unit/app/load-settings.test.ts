import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { z } from 'zod'
import { ConfigRejected } from '../../../src/app/config-rejected.ts'
import { loadSettings } from '../../../src/app/load-settings.ts'

const schema = z.strictObject({
  listener: z
    .strictObject({
      host: z.string().default('0.0.0.0'),
      port: z.int().min(0).max(65535).default(8443),
      allowedNames: z.array(z.string()).default([]),
    })
    .prefault({}),
  directory: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('file'), files: z.array(z.string()) }),
    z.strictObject({ kind: z.literal('ldap'), url: z.string(), password: z.string().meta({ secret: true }) }),
  ]),
  checks: z.strictObject({ throttle: z.strictObject({ requestsPerSecond: z.number().positive().default(50) }).prefault({}) }).prefault({}),
  labels: z.record(z.string(), z.string()).default({}),
})

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'settings-'))
})
afterAll(() => rm(folder, { recursive: true }))

let files = 0
async function written(text: string | Uint8Array): Promise<string> {
  const path = join(folder, `${++files}.yaml`)
  await writeFile(path, text)
  return path
}

async function load(text: string | Uint8Array, environment: Record<string, string> = {}) {
  return await loadSettings(schema, await written(text), environment)
}

async function problemsOf(text: string | Uint8Array, environment: Record<string, string> = {}): Promise<string[]> {
  try {
    await load(text, environment)
  } catch (error) {
    if (!(error instanceof ConfigRejected)) throw error
    return error.problems.map(({ place, message }) => `${place.replace(/^.*\.yaml/, 'f')} ${message}`)
  }
  return []
}

const good = 'directory: { kind: file, files: [a.yaml] }\n'

describe('a settings file', () => {
  test('is read, defaulted and deeply frozen, with its folder and version', async () => {
    const { settings, version, baseDir, file } = await load(`${good}listener:\n  port: 1\n`)
    expect(settings).toEqual({
      listener: { host: '0.0.0.0', port: 1, allowedNames: [] },
      directory: { kind: 'file', files: ['a.yaml'] },
      checks: { throttle: { requestsPerSecond: 50 } },
      labels: {},
    })
    expect(baseDir).toBe(folder)
    expect(file.startsWith(folder)).toBe(true)
    expect(version).toMatch(/^[0-9a-f]{16}$/)
    expect(() => (settings.listener.allowedNames as string[]).push('x')).toThrow(TypeError)
  })

  test('has the same version whatever the order and the layout, and another when a value differs', async () => {
    const one = await load('labels: {b: "1", a: "2"}\ndirectory: {kind: file, files: [x]}')
    const two = await load('directory:\n  files: [x]\n  kind: file\nlabels:\n  a: "2"\n  b: "1"\n')
    const three = await load('directory: {kind: file, files: [y]}')
    expect(one.version).toBe(two.version)
    expect(one.version).not.toBe(three.version)
  })

  test('has a version that tells nothing about its secrets', async () => {
    const ldap = (password: string) => load(`directory: {kind: ldap, url: u, password: ${password}}`)
    expect((await ldap('one')).version).toBe((await ldap('two')).version)
  })

  test('tells all problems together, each with its line and column, in the order of the file', async () => {
    const text = ['listener:', '  prot: 1', '  host: 5', '  port: 99999', 'chekcs: {}', 'directory:', '  kind: file', ''].join('\n')
    expect(await problemsOf(text)).toEqual([
      'f:2:3 unknown setting "prot" in listener; did you mean "port"?',
      'f:3:3 listener.host: expected string, received number: put it in quotes',
      'f:4:3 listener.port: too big: expected number to be <=65535',
      'f:5:1 unknown setting "chekcs"; did you mean "checks"?',
      'f:6:1 directory.files: is missing: expected array',
    ])
  })

  test('says of a section without content that it is empty', async () => {
    expect(await problemsOf(`${good}listener:\n  # port: 1\n`)).toEqual(['f:2:1 listener: is empty: write a value, or take the line out'])
  })

  test('names the alternatives where one must be chosen', async () => {
    expect(await problemsOf('directory: {kind: sql}')).toEqual([
      "f:1:13 directory.kind: invalid discriminator value. Expected 'file' | 'ldap'",
    ])
    expect(await problemsOf('{}')).toEqual([expect.stringMatching(/^f:1:1 directory: is missing: /)])
  })

  test('never shows a value in a problem', async () => {
    const problems = await problemsOf('directory: {kind: ldap, url: u, password: [hunter2]}\nlistener: {port: hunter2}')
    expect(problems).toHaveLength(2)
    expect(problems.join()).not.toContain('hunter2')
  })

  test('is refused, not guessed, where a key stands twice', async () => {
    expect(await problemsOf(`${good}labels:\n  a: x\n  a: y\n`)).toEqual(['f:4:3 "a" stands here twice: keep one of them'])
  })

  test.each([
    ['a syntax error', 'listener: {port: 1\n', /^f:2:1 not valid YAML: /],
    ['several documents', `${good}---\n${good}`, /^f:2:1 holds several YAML documents/],
    ['an alias', `${good}labels: {a: &x y, b: *x}`, /anchors and aliases are not accepted/],
    ['a tag', `${good}labels: {a: !!binary aGk=}`, /the tag .* is not accepted/],
    ['a tag of its own', `${good}labels: {a: !x y}`, /not valid YAML/],
    ['a key __proto__', `${good}labels: {__proto__: y}`, /may not be called __proto__/],
    ['a key that is a list', `${good}labels: {[a]: y}`, /a key must be plain text/],
    ['too much depth', `${good}labels: ${'['.repeat(40)}${']'.repeat(40)}`, /nested more than 32 levels deep/],
    ['a list at the top', '- a\n', /^f:1:1 expected object, received array/],
    ['an unfinished thousand brackets', '['.repeat(200_000), /nested too deeply|not valid YAML/],
  ])('with %s is refused with its place', async (_, text, expected) => {
    expect(await problemsOf(text)).toContainEqual(expect.stringMatching(expected))
  })

  test.each([
    ['bytes that are no UTF-8', Uint8Array.of(0x61, 0x3a, 0x20, 0xff), /is not UTF-8 text/],
    ['more than 1 MB', `#${'x'.repeat(1024 * 1024)}`, /is larger than 1 MB/],
  ])('of %s is refused', async (_, text, expected) => {
    expect((await problemsOf(text))[0]).toMatch(expected)
  })

  test('may begin with a byte-order mark and end its lines as Windows does', async () => {
    expect((await load(`\uFEFF${good}listener:\r\n  port: 7\r\n`)).settings.listener.port).toBe(7)
  })

  test('of 100,000 unknown keys is refused in short', async () => {
    const problems = await problemsOf(Array.from({ length: 100_000 }, (_, index) => `k${index}:`).join('\n'))
    expect(problems).toHaveLength(101)
    expect(problems[100]).toMatch(/ \d+ more problems$/)
  })

  test('that does not exist, or is a folder, is refused in words', async () => {
    await mkdir(join(folder, 'sub'))
    await expect(loadSettings(schema, join(folder, 'none.yaml'), {})).rejects.toThrow(/the settings file does not exist/)
    await expect(loadSettings(schema, join(folder, 'sub'), {})).rejects.toThrow(/the settings file is a directory/)
    await expect(loadSettings(schema, 'a\0b', {})).rejects.toThrow(ConfigRejected)
  })

  test('whatever it holds, gives settings or ConfigRejected', async () => {
    const yamlLike = fc
      .array(
        fc.constantFrom(
          'listener',
          'port',
          ':',
          ' ',
          '\n',
          '  ',
          '- ',
          '{',
          '}',
          '[',
          ']',
          '&a',
          '*a',
          '"',
          "'",
          '|',
          '>',
          '?',
          '#',
          '!',
          '%',
          ',',
          '1',
          '\t',
          '<<',
          '---',
          '__proto__',
          'directory',
          'kind',
          'file',
        ),
        { maxLength: 60 },
      )
      .map((parts) => Buffer.from(parts.join('')))
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
    const json = fc.json().map((text) => Buffer.from(text))
    const path = await written('')
    await fc.assert(
      fc.asyncProperty(fc.oneof(yamlLike, bytes, json), async (content) => {
        await writeFile(path, content)
        try {
          await loadSettings(schema, path, {})
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigRejected)
          expect((error as ConfigRejected).problems.length).toBeGreaterThan(0)
        }
      }),
      { numRuns: 600 },
    )
  })
})

describe('the environment', () => {
  test('wins over the file, in YAML where the setting is not text', async () => {
    const { settings } = await load(`${good}listener: {port: 1}`, {
      SSP_LISTENER__PORT: '9443',
      SSP_LISTENER__HOST: '127.0.0.1 # not a comment',
      SSP_LISTENER__ALLOWED_NAMES: '[a, b]',
      SSP_CHECKS__THROTTLE__REQUESTS_PER_SECOND: '5',
      SSP_LABELS: '{x: "1"}',
    })
    expect(settings.listener).toEqual({ host: '127.0.0.1 # not a comment', port: 9443, allowedNames: ['a', 'b'] })
    expect(settings.checks.throttle.requestsPerSecond).toBe(5)
    expect(settings.labels).toEqual({ x: '1' })
  })

  test('gives text as it stands, numbers too, and takes quotes around the whole off', async () => {
    expect((await load(good, { SSP_LISTENER__HOST: '12' })).settings.listener.host).toBe('12')
    expect((await load(good, { SSP_LISTENER__HOST: '"a\\tb"' })).settings.listener.host).toBe('a\tb')
  })

  test('can set a whole section, and the deeper variable wins', async () => {
    const { settings } = await load(good, { SSP_LISTENER: '{port: 1, host: a}', SSP_LISTENER__PORT: '2' })
    expect(settings.listener).toMatchObject({ port: 2, host: 'a' })
  })

  test('fills sections that the file leaves out or empty', async () => {
    expect((await load(`${good}listener:\n`, { SSP_LISTENER__PORT: '3' })).settings.listener.port).toBe(3)
  })

  test('reads a value from a file, its last line end left out', async () => {
    const secret = join(folder, 'secret')
    await writeFile(secret, '"p: w\n')
    const { settings } = await load('directory: {kind: ldap, url: u}', { SSP_DIRECTORY__PASSWORD_FILE: secret })
    expect(settings.directory).toMatchObject({ password: '"p: w' })
    await writeFile(secret, '77\r\n')
    expect((await load(good, { SSP_LISTENER__PORT_FILE: secret })).settings.listener.port).toBe(77)
  })

  test('is at fault by the name of its variable', async () => {
    const problems = await problemsOf('directory: {kind: ldap, url: u}', {
      SSP_LISTENER__PROT: '1',
      SSP_LISTENER__PORT: 'abc',
      SSP_DIRECTORY__PASSWORD_FILE: join(folder, 'absent'),
      SSP_CHECKS__THROTTLE__REQUESTS_PER_SECOND: '[1',
      SSP_LABELS__X: 'y',
      SSP_NONSENSE_WITHOUT_LIKENESS: '1',
    })
    expect(problems.map((problem) => problem.replace(folder, '')).sort()).toEqual([
      expect.stringMatching(/^SSP_CHECKS__THROTTLE__REQUESTS_PER_SECOND checks\.throttle\.requestsPerSecond: not valid YAML: /),
      'SSP_DIRECTORY__PASSWORD_FILE directory.password: /absent does not exist',
      'SSP_LABELS__X names no setting',
      'SSP_LISTENER__PORT listener.port: expected number, received string',
      'SSP_LISTENER__PROT names no setting; did you mean SSP_LISTENER__PORT?',
      'SSP_NONSENSE_WITHOUT_LIKENESS names no setting',
    ])
  })

  test('with one underscore where two belong is told the right name, and one that names no file says so', async () => {
    const problems = await problemsOf(good, {
      SSP_LISTENER_PORT: '1',
      SSP_CHECKS_THROTTLE_REQUESTSPERSECOND: '1',
      SSP_LISTENER__PORT_FILE: '',
    })
    expect(problems.sort()).toEqual([
      'SSP_CHECKS_THROTTLE_REQUESTSPERSECOND names no setting; did you mean SSP_CHECKS__THROTTLE__REQUESTS_PER_SECOND?',
      'SSP_LISTENER_PORT names no setting; did you mean SSP_LISTENER__PORT?',
      'SSP_LISTENER__PORT_FILE listener.port: names no file',
    ])
  })

  test('may not set one thing twice', async () => {
    const problems = await problemsOf(good, { SSP_LISTENER__PORT: '1', SSP_LISTENER__PORT_FILE: '/dev/null' })
    expect(problems).toEqual(['SSP_LISTENER__PORT_FILE listener.port: SSP_LISTENER__PORT sets it too: keep one of them'])
  })

  test('is left alone where it is reserved or foreign', async () => {
    await expect(load(good, { SSP_CONFIG: 'x', SSP_TEST_X: 'y', SSP_REQUIRE_Z: 'z', PATH: '/bin', SSPORT: '1' })).resolves.toBeDefined()
  })

  test('is left alone where Kubernetes sets it for a Service whose name begins as the settings do; a port by itself is a mistyped setting all the same', async () => {
    const set = (name: string) => ({
      [`${name}_SERVICE_HOST`]: '10.0.0.1',
      [`${name}_SERVICE_PORT`]: '8443',
      [`${name}_SERVICE_PORT_HTTPS`]: '8443',
      [`${name}_PORT`]: 'tcp://10.0.0.1:8443',
      [`${name}_PORT_8443_TCP`]: 'tcp://10.0.0.1:8443',
      [`${name}_PORT_8443_TCP_PROTO`]: 'tcp',
      [`${name}_PORT_8443_TCP_PORT`]: '8443',
      [`${name}_PORT_8443_TCP_ADDR`]: '10.0.0.1',
    })
    await expect(load(good, { ...set('SSP'), ...set('SSP_LISTENER'), ...set('SSP_REDIS_1') })).resolves.toBeDefined()
    expect(await problemsOf(good, { SSP_PORT: '8443', SSP_LISTENER__PORT_8443_TCP: 'x' })).toEqual([
      'SSP_LISTENER__PORT_8443_TCP names no setting',
      'SSP_PORT names no setting',
    ])
  })

  test('says that a variable without a value is empty', async () => {
    expect(await problemsOf(good, { SSP_LISTENER__PORT: '' })).toEqual([
      'SSP_LISTENER__PORT listener.port: is empty: write a value, or take the line out',
    ])
  })

  test('whatever it holds, gives settings or ConfigRejected', async () => {
    const path = await written(good)
    const name = fc.constantFrom(
      'SSP_LISTENER',
      'SSP_LISTENER__PORT',
      'SSP_LABELS',
      'SSP_',
      'SSP___',
      'SSP_DIRECTORY',
      'SSP_CHECKS__THROTTLE',
    )
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, fc.string({ unit: 'binary' })), async (environment) => {
        await loadSettings(schema, path, environment).catch((error: unknown) => expect(error).toBeInstanceOf(ConfigRejected))
      }),
      { numRuns: 300 },
    )
  })
})
