import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { ConfigRejected } from '../../../src/app/config-rejected.ts'
import { jsonSchema, loadConfig, printableConfig } from '../../../src/app/load-config.ts'

const minimal = [
  'listener: { certificate: s.pem, key: s.key }',
  'operators: { certificate: o.pem, key: o.key }',
  'trust: { anchors: [ca.pem] }',
  'registry: { files: [directory.yaml], sharingRules: rules.yaml }',
  'forwarding: { certificate: c.pem, key: c.key }',
  '',
].join('\n')

let folder: string
let path: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'))
  path = join(folder, 'ssp.yaml')
})
afterAll(() => rm(folder, { recursive: true }))

describe("the proxy's settings", () => {
  test('need no more than files of certificates and of the directory; the rest has defaults, and every check enforces', async () => {
    await writeFile(path, minimal)
    const { config, version, baseDir } = await loadConfig(path, {})
    expect(config).toMatchObject({ dataDirectory: 'data', logging: { level: 'info', format: 'json' }, listener: { port: 8443 } })
    expect(config.checks['access-token'].mode).toBe('enforce')
    expect(baseDir).toBe(folder)
    expect(version).toMatch(/^[0-9a-f]{16}$/)
    expect(printableConfig(config)).toEqual(config)
  })

  test('reach a check with a dash in its name through the environment', async () => {
    await writeFile(path, minimal)
    const { config } = await loadConfig(path, { SSP_CHECKS__ACCESS_TOKEN__MODE: 'observe', SSP_CHECKS__THROTTLE__REQUESTS_PER_SECOND: '5' })
    expect(config.checks['access-token'].mode).toBe('observe')
    expect(config.checks.throttle.requestsPerSecond).toBe(5)
  })

  test('that are missing are named, all of them', async () => {
    await writeFile(path, '')
    const rejected = await loadConfig(path, {}).catch((error: unknown) => error)
    expect(rejected).toBeInstanceOf(ConfigRejected)
    const messages = (rejected as ConfigRejected).problems.map(({ message }) => message.split(':', 1)[0])
    expect(messages).toEqual(expect.arrayContaining(['listener', 'operators', 'trust', 'registry', 'forwarding']))
  })

  test.each([
    ['SSP_LISTENER__HOST', '', 'listener.host: is empty'],
    ['SSP_LISTENER__CERTIFICATE', '', 'listener.certificate: is empty'],
    ['SSP_FORWARDING__KEY', '', 'forwarding.key: is empty'],
    ['SSP_TRUST__ANCHORS', 'ca.pem', 'trust.anchors: expected array, received string: write [one, another]'],
    ['SSP_FORWARDING__DIAL_OVERRIDES', 'a', 'forwarding.dialOverrides: expected record, received string: write {name: value}'],
    ['SSP_FORWARDING__DIAL_OVERRIDES', '{a.uk: "127.0.0.1:1"}', 'forwarding.dialOverrides.a.uk: must be a registered host'],
    ['SSP_FORWARDING__DIAL_OVERRIDES', '{"a.uk:443": here}', 'forwarding.dialOverrides.a.uk:443: must be an address with a port'],
    ['SSP_FORWARDING__DIAL_OVERRIDES', '{"a.uk:443": "127.0.0.1:65536"}', 'forwarding.dialOverrides.a.uk:443: has a port above 65535'],
    ['SSP_WORKERS', 'two', 'workers: expected "auto" or number'],
    ['SSP_WORKERS', '1.5', 'workers: expected "auto" or int'],
    ['SSP_WORKERS', '65', 'workers: too big: expected number to be <=64'],
    ['SSP_WORKERS', '', 'workers: is empty'],
    ['SSP_FORWARDING__TIMEOUT_STATUS', '500', 'forwarding.timeoutStatus: expected 504 or 599'],
  ])('with %s=%s are refused in words that say what to write', async (variable, value, expected) => {
    await writeFile(path, minimal)
    const rejected = await loadConfig(path, { [variable]: value }).catch((error: unknown) => error)
    expect(rejected).toBeInstanceOf(ConfigRejected)
    expect((rejected as ConfigRejected).problems.map(({ message }) => message)).toEqual([expect.stringContaining(expected)])
  })

  test('have a JSON Schema in which each section is explained', () => {
    const { properties } = jsonSchema() as { properties: Record<string, { description?: string }> }
    for (const [name, section] of Object.entries(properties))
      expect([name, section.description]).toEqual([name, expect.stringMatching(/\.$/)])
  })

  test('whatever the file holds, are settings or ConfigRejected', async () => {
    const lines = minimal.split('\n')
    const mangled = fc
      .tuple(
        fc.shuffledSubarray(lines),
        fc.nat(200),
        fc.oneof(fc.string({ maxLength: 10 }), fc.constantFrom('\n', ': ', '[', '}', ' &a', ' *a', '"', '\t')),
      )
      .map(([kept, at, inserted]) => {
        const text = kept.join('\n')
        return Buffer.from(text.slice(0, at) + inserted + text.slice(at))
      })
    await fc.assert(
      fc.asyncProperty(fc.oneof(mangled, fc.uint8Array({ maxLength: 200 }).map(Buffer.from)), async (content) => {
        await writeFile(path, content)
        await loadConfig(path, {}).catch((error: unknown) => expect(error).toBeInstanceOf(ConfigRejected))
      }),
      { numRuns: 200 },
    )
  })
})
