import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { parseToken } from '../../../src/spine/access-token.ts'
import { checkout, type Installation, install, runSsp } from '../../support/run-ssp.ts'

const metadata = 'urn:nhs:names:services:gpconnect:fhir:rest:read:metadata-1'
const structured = 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getstructuredrecord-1'
const url = 'https://provider.thirdparty.nhs.uk/T99999/STU3/1'
const leaves = [
  ['serve'],
  ['check-config'],
  ['print-config'],
  ['config-schema'],
  ['describe'],
  ['token'],
  ['endpoint'],
  ['registry', 'lint'],
  ['audit', 'verify'],
  ['status'],
  ['reload'],
  ['lockout', 'list'],
  ['lockout', 'add'],
  ['lockout', 'confirm'],
  ['lockout', 'release'],
  ['lockout', 'drill'],
]

let here: Installation
beforeAll(async () => {
  here = await install()
})
afterAll(() => here.remove())

function sentence(text: string): void {
  expect(text.trim()).not.toBe('')
  expect(text).not.toMatch(/^\s+at /m)
  expect(text).not.toMatch(/[✖→]/)
}

describe('the command line', () => {
  test.each(leaves)('%s %s has a help with one example and --config', async (...names) => {
    const { code, out, error } = await here.run([...names.filter((name) => name !== undefined), '--help'])
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(out.match(/^Example:\n {2}\S/gm)).toHaveLength(1)
    expect(out).toContain('--config <file>')
  })

  test.each([
    [[]],
    [['nonsense']],
    [['describe', '--nonsense']],
    [['describe', 'surplus']],
    [['endpoint', '--to', '918999198993']],
    [['token', '--profile', 'r4']],
    [['check-config', '--config']],
    [['registry']],
    [['lockout', 'add', '--asid', '200000000359']],
    [['lockout', 'add', '--reason', 'x']],
    [['lockout', 'add', '--asid', '1', '--reason', 'x']],
    [['lockout', 'add', '--asid', '200000000359', '--party-key', 'A', '--reason', 'x']],
    [['lockout', 'add', '--asid', '200000000359', '--reason', 'x', '--for', 'ever']],
    [['lockout', 'release']],
    [['trace', ' ']],
    [['audit', 'rotate-key', '--reason', '']],
    [['check-config', '--config', '']],
    [['--config', '', 'serve']],
    [['audit', 'search', '--since', '2026-02-30']],
    [['explain', '--at', '2026-02-30']],
    [['explain', '--at', '7']],
    [['explain', '--at', '2026-11-26T09:00']],
    [['explain', '--fqdn', '']],
    [['explain', '--fqdn', '*.nhs.uk']],
    [['audit', 'search', '--status', 'abc']],
    [['audit', 'search', '--limit', '0']],
    [['audit', 'search', '--slower-than', '-5']],
    [['audit', 'search', '--since', '2026-13-45']],
    [['audit', 'search', '--since', '2026-11-27T09:00']],
    [['audit', 'search', '--since', '1d', '--until', '2d']],
    [['audit', 'events', '--limit', 'x']],
    [['audit', 'events', '--since', '1d', '--until', '2d']],
    [['replay', '--since', '1h', '--until', '2h']],
    [['replay', '--data', 'no-such-folder']],
    [['explain', '--header', 'X-Without-Colon']],
    [['explain', '--certificate', 'absent.pem']],
    [['explain', '--curl', 'absent.sh']],
  ])('%j is a usage error, 64', async (args) => {
    const { code, out, error } = await here.run(args)
    expect({ code, out }).toEqual({ code: 64, out: '' })
    sentence(error)
  })

  test('lockout release with nothing says that an id would do, too', async () => {
    expect((await here.run(['lockout', 'release'])).error).toContain('name the id of a lockout, or one of --certificate, ')
  })

  test.each([
    ['--from', '200000000359'],
    ['--to', '918999198993'],
    ['--interaction', metadata],
    ['--header', 'Accept: */*'],
    ['--token', 'x'],
  ])('explain takes no %s beside a curl command: it says all of that itself', async (option, value) => {
    const saved = join(here.directory, 'call.sh')
    await writeFile(saved, `curl https://localhost/${url}/metadata`)
    const { code, out, error } = await here.run(['explain', '--curl', saved, option, value])
    expect({ code, out }).toEqual({ code: 64, out: '' })
    expect(error).toContain(`option '--curl <file>' cannot be used with option '${option} `)
  })

  test('a wrong data directory is not made by asking of it', async () => {
    await here.run(['replay', '--data', 'no-such-folder'])
    const rotated = await here.run(['audit', 'rotate-key', '--reason', 'x'], { SSP_DATA_DIRECTORY: 'no-such-folder' })
    expect(rotated).toEqual({ code: 1, out: '', error: expect.stringContaining('no-such-folder') })
    expect(existsSync(join(here.directory, 'no-such-folder'))).toBe(false)
  })

  test.each([[['explain', '--fqdn', 'consumer.thirdparty.nhs.uk']], [['replay', '--data', 'kept', '--registry', 'absent']]])(
    '%j with a directory that cannot be used ends with 78: 1 would be an answer',
    async (args) => {
      await mkdir(join(here.directory, 'kept', 'audit'), { recursive: true, mode: 0o700 })
      const { code, out, error } = await here.run(args, { SSP_REGISTRY__SHARING_RULES: 'absent.yaml' })
      expect({ code, out }).toEqual({ code: 78, out: '' })
      sentence(error)
    },
  )

  test('prints its version', async () => {
    expect(await here.run(['--version'])).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), error: '' })
  })

  test('takes --config before and after the command, and prefers it to SSP_CONFIG', async () => {
    for (const args of [
      ['--config', 'absent.yaml', 'check-config'],
      ['check-config', '--config', 'absent.yaml'],
    ]) {
      expect(await here.run(args)).toEqual({ code: 78, out: '', error: 'absent.yaml: the settings file does not exist\n' })
    }
  })

  test('ends quietly when the reader of its output goes away', async () => {
    const child = spawn(process.execPath, [join(checkout, 'bin/ssp.js'), 'config-schema'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let error = ''
    child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()))
    const [code] = (await once(child, 'close')) as [number]
    expect({ code, error }).toEqual({ code: 0, error: '' })
  })
})

describe('the settings commands', () => {
  test('check-config says OK, a summary, and what is only observed, without reading a certificate', async () => {
    const { code, out, error } = await here.run(['check-config'], { SSP_CHECKS__ACCESS_TOKEN__MODE: 'observe' })
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(out).toMatch(/^OK .*ssp\.yaml\n/)
    expect(out).toMatch(/only observed +access-token\n/)
  })

  test('check-config tells of limits and circuits that only observe, too', async () => {
    const { out } = await here.run(['check-config'], {
      SSP_FORWARDING__CAPACITY__MODE: 'observe',
      SSP_FORWARDING__BREAKER__MODE: 'observe',
    })
    expect(out).toMatch(/only observed +provider-limit, provider-circuit\n/)
    expect((await here.run(['check-config'])).out).toMatch(/only observed +nothing: all is enforced\n/)
  })

  test('check-config refuses one port for both legs', async () => {
    for (const host of ['127.0.0.1', '0.0.0.0', '::']) {
      const { code, out, error } = await here.run(['check-config'], { SSP_LISTENER__HOST: host, SSP_OPERATORS__PORT: '8443' })
      expect({ code, out }).toEqual({ code: 78, out: '' })
      expect(error).toMatch(/operators\.port: is the consumers’ port \(listener\.port\)/)
    }
    const apart = { SSP_LISTENER__HOST: '127.0.0.2', SSP_OPERATORS__PORT: '8443' }
    expect(await here.run(['check-config'], apart)).toMatchObject({ code: 0 })
  })

  test('check-config tells every problem and ends with 78', async () => {
    const { code, out, error } = await here.run(['check-config'], { SSP_LISTENER__PORT: 'many', SSP_LISTENER__PRT: '1' })
    expect({ code, out }).toEqual({ code: 78, out: '' })
    expect(error.trim().split('\n').sort()).toEqual([
      'SSP_LISTENER__PORT: listener.port: expected number, received string',
      'SSP_LISTENER__PRT: names no setting; did you mean SSP_LISTENER__PORT?',
    ])
  })

  test('print-config prints the effective settings as YAML or JSON', async () => {
    const environment = { SSP_LISTENER__PORT: '9443' }
    const yaml = await here.run(['print-config'], environment)
    const json = await here.run(['print-config', '--json'], environment)
    expect(parse(yaml.out)).toEqual(JSON.parse(json.out))
    expect(JSON.parse(json.out)).toMatchObject({ listener: { port: 9443, idleTimeoutSeconds: 60 }, dataDirectory: 'data' })
  })

  test('config-schema prints a JSON Schema', async () => {
    const { code, out } = await here.run(['config-schema'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' })
  })
})

describe('describe', () => {
  test('prints the decision table as text, Markdown and JSON', async () => {
    const [textual, markdown, json] = await Promise.all([
      here.run(['describe']),
      here.run(['describe', '--markdown']),
      here.run(['describe', '--json']),
    ])
    expect([textual.code, markdown.code, json.code]).toEqual([0, 0, 0])
    const { checks } = JSON.parse(json.out) as { checks: { name: string; refusals: unknown[] }[] }
    expect(checks[0]).toMatchObject({ name: 'wire-form', modes: ['enforce'] })
    expect(textual.out).toMatch(/^ {2}1 {2}wire-form /m)
    expect(markdown.out).toMatch(/^\| 1 \| `wire-form` \|/m)
  })
})

describe('token and endpoint', () => {
  test('a token stands alone on its line and fits the call', async () => {
    const { code, out, error } = await here.run(['token', '--interaction', structured])
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(out).toMatch(/^[\w-]+\.[\w-]+\.\n$/)
    expect(parseToken(out.trim())).toMatchObject({
      algorithm: 'none',
      claims: { aud: url, requested_scope: 'patient/*.read', requesting_organization: { identifier: [{ value: 'T77777' }] } },
    })
  })

  test("a token's profile is the interaction's, or the one asked for", async () => {
    const careRecord = 'urn:nhs:names:services:gpconnect:fhir:operation:gpc.getcarerecord'
    const claimsOf = async (...args: string[]) => (parseToken((await here.run(['token', ...args])).out.trim()) as { claims: object }).claims
    expect(await claimsOf('--interaction', careRecord)).toHaveProperty('requested_record')
    expect(await claimsOf('--profile', 'flat')).toMatchObject({ scope: 'organization/*.read' })
  })

  test('an endpoint stands alone on its line', async () => {
    expect(await here.run(['endpoint', '--to', '918999198993', '--interaction', metadata])).toEqual({ code: 0, out: `${url}\n`, error: '' })
  })

  test.each([
    [['endpoint', '--to', '918999198993', '--interaction', 'urn:none']],
    [['endpoint', '--to', '000000000000', '--interaction', metadata]],
    [['token', '--from', '000000000000']],
    [['token', '--to', '000000000000']],
  ])('%j ends with 1 and says why', async (args) => {
    const { code, out, error } = await here.run(args)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    sentence(error)
  })
})

describe('commands that need a running proxy', () => {
  test.each([
    [['status']],
    [['reload']],
    [['lockout', 'list']],
    [['lockout', 'add', '--asid', '200000000359', '--reason', 'x', '--for', '1h']],
  ])('%j ends with 69 where none runs', async (args) => {
    const { code, out, error } = await here.run(args)
    expect({ code, out }).toEqual({ code: 69, out: '' })
    sentence(error)
  })
})

describe('registry lint and audit verify', () => {
  test('a sound registry has no errors', async () => {
    const { code, out } = await here.run(['registry', 'lint'])
    expect(out).toMatch(/^0 errors, \d+ warnings\n$/m)
    expect(code).toBe(0)
  })

  test('a faulty one is told line by line, and ends with 1', async () => {
    const { code, out } = await here.run(['registry', 'lint'], { SSP_REGISTRY__FILES: '[absent.yaml]' })
    expect(out).toMatch(/absent\.yaml.* error - /)
    expect(code).toBe(1)
  })

  test('what a file holds does not steer the terminal', async () => {
    const hostile = { type: 'system', asid: '\u202e\u001b[2J' }
    await writeFile(join(here.directory, 'hostile.ndjson'), JSON.stringify(hostile))
    const { out } = await here.run(['registry', 'lint'], { SSP_REGISTRY__FILES: '[hostile.ndjson]' })
    expect(out).toMatch(/hostile\.ndjson:1.*asid must be 12 digits.*\ufffd/)
    expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}]/u)
  })

  test('nor does the name of a log', async () => {
    await mkdir(join(here.directory, 'copy', 'audit', 'evil\u001b[2J-main'), { recursive: true })
    const { code, out } = await here.run(['audit', 'verify', '--data', 'copy'])
    expect(code).toBe(0)
    expect(out).toMatch(/^evil\ufffd\[2J\/main {2}ok {2}0 records/)
  })

  test('an audit that is not there is no success', async () => {
    const { code, error } = await here.run(['audit', 'verify', '--data', 'nowhere'])
    expect(code).toBe(1)
    sentence(error)
  })
})

test('the settings that ship are valid', async () => {
  for (const file of ['config/dev.yaml', 'config/production.example.yaml']) {
    expect(await runSsp(['check-config', '--config', file])).toMatchObject({ code: 0, error: '' })
  }
})
