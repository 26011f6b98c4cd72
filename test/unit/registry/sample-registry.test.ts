import { resolve } from 'node:path'
import { lintRegistry } from '../../../src/registry/lint.ts'
import { registrySettings } from '../../../src/registry/registry-settings.ts'
import { createRegistrySource } from '../../../src/registry/registry-source.ts'
import { interactions } from '../../../src/spine/interaction-id.ts'

const folder = resolve(import.meta.dirname, '../../../config/registry')
const settings = registrySettings.parse({ files: ['systems.yaml', 'endpoints.yaml'], sharingRules: 'sharing-rules.yaml' })

describe('the sample registry', () => {
  test('has nothing that lint would speak of', async () => {
    expect(await lintRegistry(settings, folder)).toEqual([])
  })

  test('lets the demo consumer send every interaction of GP Connect to the demo provider, and nothing the other way', async () => {
    const registry = await createRegistrySource(settings, folder).load()
    const [consumer, provider] = [registry.system('200000000359'), registry.system('918999198993')]
    if (consumer.kind !== 'found' || provider.kind !== 'found') throw new Error('the demo systems are missing')
    for (const id of interactions.keys()) {
      expect(consumer.system.interactions).toContain(id)
      expect(registry.endpoint(provider.system, id)).toMatchObject({ kind: 'found', endpoint: { host: 'provider.thirdparty.nhs.uk' } })
      expect(registry.endpoint(consumer.system, id)).toEqual({ kind: 'none' })
      expect(registry.sharing(consumer.system, provider.system, id, Date.now())).toEqual({ allowed: true, rule: 'DEMO-1' })
      expect(registry.sharing(provider.system, consumer.system, id, Date.now())).toEqual({ allowed: false, rule: 'default' })
    }
    expect(registry.partyKeysOf('consumer.thirdparty.nhs.uk')).toEqual(new Set(['T77777-7777777']))
  })
})
