import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { registrySettings } from '../../../src/registry/registry-settings.ts'
import { createRegistrySource } from '../../../src/registry/registry-source.ts'
import { interactions } from '../../../src/spine/interaction-id.ts'
import { generateRegistry, records } from '../../support/registry-generator.ts'
import type { Curve } from './curve.ts'

const everybody = '{"reference":"everybody","effect":"allow","from":"*","to":"*","interactions":["urn:nhs:names:services:gpconnect:*"]}'
const wanted = [...interactions.keys()]

/** As many systems as are counted, and two and a half times as many endpoints, as in the national directory. */
const sizeOf = (systems: number) => ({ systems, endpoints: systems * 2.5, seed: 1 })

/** What grows with the directory; its files are written to the folder. */
export function directoryCurves(folder: string): readonly Curve[] {
  async function made(count: number) {
    const file = `systems-${count}.ndjson`
    await generateRegistry({ ...sizeOf(count), format: 'ndjson' }, join(folder, file))
    await writeFile(join(folder, 'rules.ndjson'), everybody)
    const settings = registrySettings.parse({ files: [file], sharingRules: 'rules.ndjson' })
    const registry = await createRegistrySource(settings, folder).load()
    const systems = [...records(sizeOf(count))].flatMap((record) => ('asid' in record ? [record] : []))
    return { registry, systems }
  }
  return [
    {
      of: 'registered systems',
      what: 'a system by its ASID (rows 6 and 8)',
      async make(count) {
        const { registry, systems } = await made(count)
        // Header values arrive as new strings, whose hash nobody knows yet.
        const asids = systems.map(({ asid }) => Buffer.from(asid, 'latin1'))
        return { act: (nth) => registry.system((asids[nth % asids.length] as Buffer).toString('latin1')) }
      },
    },
    {
      of: 'registered systems',
      what: 'an endpoint of a system for an interaction (row 9)',
      most: 100_000,
      async make(count) {
        const { registry, systems } = await made(count)
        const found = systems.flatMap(({ asid }) => {
          const answer = registry.system(asid)
          return answer.kind === 'found' ? [answer.system] : []
        })
        return {
          act: (nth) => registry.endpoint(found[nth % found.length] as (typeof found)[number], wanted[nth % wanted.length] as string),
        }
      },
    },
  ]
}
