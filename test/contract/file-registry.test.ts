import { createRegistryFolder } from '../support/registry-folder.ts'
import { type RegistryFormat, spell } from '../support/registry-records.ts'
import { registryConformance } from './registry.ts'

const formats: readonly RegistryFormat[] = ['yaml', 'ndjson', 'ldif']

for (const format of formats) {
  registryConformance(`${format} files`, async ({ systems, endpoints, rules = [], pins = {} }) => {
    const folder = await createRegistryFolder()
    try {
      await folder.write(`records.${format}`, spell(format, systems, endpoints))
      await folder.write('rules.yaml', JSON.stringify({ rules }))
      return await folder.load([`records.${format}`], { pins })
    } finally {
      await folder.remove()
    }
  })
}
