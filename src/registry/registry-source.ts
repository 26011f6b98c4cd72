import { createFileRegistry } from './file-registry.ts'
import type { RegistrySource } from './registry.ts'
import type { RegistrySettings } from './registry-settings.ts'

/** The source of registries that the settings choose. Relative paths are relative to `baseDir`, the folder of the settings file. */
export function createRegistrySource(settings: RegistrySettings, baseDir: string): RegistrySource {
  switch (settings.kind) {
    case 'file':
      return createFileRegistry(settings, baseDir)
  }
}
