import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { configSchema } from '../../src/app/config.ts'
import { ConfigRejected } from '../../src/app/config-rejected.ts'
import { loadSettings } from '../../src/app/load-settings.ts'
import { loadRegistry } from '../../src/registry/load-registry.ts'
import { spell } from '../support/registry-records.ts'
import { checkout } from '../support/run-ssp.ts'
import { world } from '../support/start-world.ts'
import { type FuzzedParser, jsonWords, latin1 } from './fuzzed-parser.ts'

const yamlWords = latin1([
  '- ',
  ': ',
  '\n',
  '  ',
  '{',
  '}',
  '[',
  ']',
  '&a ',
  '*a',
  '!!js/function ',
  '!!binary ',
  '<<: *a',
  '? ',
  '| ',
  '> ',
  '"',
  "'",
  '#',
  '---\n',
  '...',
  '%YAML 1.1',
  '\t',
  '\x00',
  '0x1',
  '1e3',
  '~',
  'null',
  '\xff',
  '__proto__: ',
])
const ldifWords = latin1([
  'dn: ',
  'objectClass: nhsAS',
  'objectClass: nhsMhs',
  'nhsMhsEndPoint:: ',
  ':: ',
  '\n ',
  '\n\n',
  'changetype: delete\n',
  '-\n',
  '#',
  ':< file:///etc/passwd',
  '\x00',
  '\xff',
  'uniqueIdentifier: ',
])

/** Readers of the operators' own files, which are written into this folder. */
export function fileParsers(folder: string): readonly FuzzedParser[] {
  const system = { asid: world.consumer.asid, odsCode: 'T77777', partyKey: 'T77777-7777777', interactions: [world.searchPatient] }
  const endpoint = {
    cpaId: 'S1',
    odsCode: 'T99999',
    partyKey: 'T99999-9999999',
    interactions: [world.searchPatient],
    url: world.root,
    fqdn: world.provider.fqdn,
  }
  const rules = '{"reference":"A","effect":"allow","from":"*","to":{"asid":"918999198993"},"interactions":["*"],"validFrom":"2026-01-01"}\n'
  const load = async (directory: string, sharing: string, bytes: Buffer) => {
    await writeFile(join(folder, directory), directory.startsWith('sharing') ? '' : bytes)
    await writeFile(join(folder, sharing), directory === 'empty.ndjson' ? bytes : rules)
    return loadRegistry({
      baseDir: folder,
      files: [directory],
      sharingRules: sharing,
      maxFaultyShare: 1,
      maxVanishedShare: 1,
      previous: undefined,
      findingLimit: 20,
    })
  }
  const registry = (format: 'yaml' | 'ndjson' | 'ldif', dictionary: readonly Buffer[]): FuzzedParser => ({
    name: `registry (${format})`,
    weight: 20,
    samples: latin1([spell(format, [system], [endpoint])]),
    dictionary,
    run: (bytes) => load(`directory.${format}`, 'rules.ndjson', bytes),
  })
  const config = ['config/dev.yaml', 'config/production.example.yaml'].map((name) => readFileSync(join(checkout, name)))
  return [
    registry('yaml', yamlWords),
    registry('ndjson', jsonWords),
    registry('ldif', ldifWords),
    {
      name: 'sharing rules',
      weight: 20,
      samples: latin1([rules]),
      dictionary: jsonWords,
      run: (bytes) => load('empty.ndjson', 'sharing.ndjson', bytes),
    },
    {
      name: 'settings',
      weight: 40,
      samples: config,
      dictionary: yamlWords,
      expected: (error) => error instanceof ConfigRejected,
      run: async (bytes) => {
        const path = join(folder, 'settings.yaml')
        await writeFile(path, bytes)
        return loadSettings(configSchema, path, {})
      },
    },
  ]
}
