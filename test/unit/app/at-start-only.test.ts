import { generateKeyPairSync } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atStartOnly, keepFromStart, startValues } from '../../../src/app/at-start-only.ts'
import { jsonSchema, type LoadedConfig, loadConfig } from '../../../src/app/load-config.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ssp-start-'))
})
afterEach(() => rm(directory, { recursive: true }))

async function settings(changes: Readonly<Record<string, unknown>> = {}): Promise<LoadedConfig> {
  const own = { certificate: 'a.pem', key: 'a.key' }
  const file = join(directory, 'config.yaml')
  const trust = { anchors: ['ca.pem'], crls: ['crl.pem'] }
  const registry = { files: ['registry.yaml'], sharingRules: 'sharing.yaml' }
  await writeFile(file, JSON.stringify({ listener: own, forwarding: own, operators: own, trust, registry, ...changes }))
  return loadConfig(file, {})
}

test('every setting of the list is one that there is', () => {
  for (const { setting } of atStartOnly) {
    const found = setting
      .split('.')
      .reduce<unknown>((schema, key) => (schema as { properties?: Record<string, unknown> } | undefined)?.properties?.[key], jsonSchema())
    expect([setting, found === undefined]).toEqual([setting, false])
  }
})

test('they keep the value of the start, one that was not set too; everything else is the file’s; the differing ones are named', async () => {
  const values = startValues((await settings({ workers: 2, audit: { node: 'one' } })).config)
  const { privateKey } = generateKeyPairSync('ed25519')
  const signingKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const read = await settings({
    workers: 2,
    audit: { node: 'two', retentionMonths: 3 },
    lockouts: { signingKey, confirmByHand: true },
    state: { kind: 'redis' },
  })
  const { config, waiting, version } = keepFromStart(read, values)
  expect(waiting).toEqual(['audit.node', 'state', 'lockouts.signingKey'])
  expect(config.audit).toMatchObject({ node: 'one', retentionMonths: 3 })
  expect(config.state.kind).toBe('memory')
  expect(config.lockouts).not.toHaveProperty('signingKey')
  expect(config.lockouts.confirmByHand).toBe(true)
  expect(version).toBe(read.version)
  expect([Object.isFrozen(config), Object.isFrozen(config.audit), read.config.audit.node]).toEqual([true, true, 'two'])
})

test('where the file has what the process was started with, nothing waits', async () => {
  const read = await settings({ dataDirectory: 'elsewhere' })
  const kept = keepFromStart(read, startValues(read.config))
  expect(kept.waiting).toEqual([])
  expect(kept.config).toBe(read.config)
})
