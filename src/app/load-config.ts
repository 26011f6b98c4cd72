import { type Config, configSchema } from './config.ts'
import type { Environment } from './environment-overrides.ts'
import { hideSecrets } from './hide-secrets.ts'
import { loadSettings } from './load-settings.ts'
import { jsonSchemaOf, settingsSchema } from './settings-schema.ts'

/** A proxy's settings, deeply frozen, and where they came from. */
export interface LoadedConfig {
  readonly config: Config
  /** 16 hex digits: by which settings a decision was made. Secrets have no part in it. */
  readonly version: string
  /** The settings file, absolute. */
  readonly file: string
  /** Its folder, absolute: relative paths in the settings start there. */
  readonly baseDir: string
  /** Settings that are otherwise in the file than in force, by name: they wait for the next start. */
  readonly waiting: readonly string[]
}

/** Reads the settings file and the environment's `SSP_…` overrides. Rejects with `ConfigRejected`, which holds every problem and its place. */
export async function loadConfig(path: string, environment: Environment): Promise<LoadedConfig> {
  const { settings, ...from } = await loadSettings(configSchema, path, environment)
  return { config: settings, waiting: [], ...from }
}

/** The JSON Schema (draft 2020-12) of the settings file, for editors. */
export function jsonSchema(): object {
  return jsonSchemaOf(configSchema)
}

/** The settings as they may be shown: `(hidden)` stands for every secret. */
export function printableConfig(config: Config): unknown {
  return hideSecrets(config, settingsSchema(configSchema))
}
