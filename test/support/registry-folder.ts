import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileRegistry } from '../../src/registry/file-registry.ts'
import type { Registry } from '../../src/registry/registry.ts'
import { RegistryRejected } from '../../src/registry/registry.ts'
import { type RegistrySettings, registrySettings } from '../../src/registry/registry-settings.ts'

/** A folder of registry files for one test. */
export interface RegistryFolder {
  readonly path: string
  write(name: string, content: string): Promise<void>
  /** Settings for the files of this folder; rules are in `rules.yaml`. */
  settings(files: readonly string[], more?: Record<string, unknown>): RegistrySettings
  load(files: readonly string[], more?: Record<string, unknown>, previous?: Registry): Promise<Registry>
  /** The refusal of a load that must be refused. */
  refusal(files: readonly string[], more?: Record<string, unknown>, previous?: Registry): Promise<RegistryRejected>
  remove(): Promise<void>
}

/** An empty folder but for a file of rules that allows nothing. */
export async function createRegistryFolder(): Promise<RegistryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'registry-'))
  await writeFile(join(path, 'rules.yaml'), 'rules: []\n')
  const settings: RegistryFolder['settings'] = (files, more) => registrySettings.parse({ files, sharingRules: 'rules.yaml', ...more })
  const load: RegistryFolder['load'] = (files, more, previous) => createFileRegistry(settings(files, more), path).load(previous)
  return {
    path,
    settings,
    load,
    write: (name, content) => writeFile(join(path, name), content),
    async refusal(files, more, previous) {
      const outcome = await load(files, more, previous).catch((error: unknown) => error)
      if (outcome instanceof RegistryRejected) return outcome
      throw new Error(`the load was not refused: ${String(outcome)}`)
    },
    remove: () => rm(path, { recursive: true }),
  }
}
