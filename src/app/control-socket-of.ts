import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { opsSettings } from '../ops/ops-settings.ts'
import { configSchema } from './config.ts'
import { applyEnvironment, type Environment } from './environment-overrides.ts'
import { emptyMap, plainValue } from './placed-value.ts'
import { readTextFile } from './read-text-file.ts'
import { readYaml } from './read-yaml.ts'
import { settingsSchema } from './settings-schema.ts'

const { dataDirectory } = configSchema.shape
const { socket } = opsSettings.shape
const placeOfSocket = z.object({ dataDirectory, operators: z.object({ socket }).prefault({}) })
/** Where the file cannot be read as YAML, its data directory is not known: the environment must name one. */
const placeByEnvironment = placeOfSocket.extend({ dataDirectory: z.string().min(1) })

/**
 * The path of the control socket by settings that have other problems: a proxy may run by an earlier form of them, and must be reached all the same.
 * Undefined where the settings do not say even that. Never rejects.
 */
export async function controlSocketOf(path: string, environment: Environment): Promise<string | undefined> {
  const text = await readTextFile(path)
  if ('fault' in text) return undefined
  const { value } = readYaml(text.text, path)
  const unreadable = value.kind === 'unusable'
  const overridden = await applyEnvironment(unreadable ? emptyMap(value.place) : value, settingsSchema(configSchema), environment)
  const parsed = (unreadable ? placeByEnvironment : placeOfSocket).safeParse(plainValue(overridden.value))
  if (!parsed.success) return undefined
  return resolve(dirname(resolve(path)), parsed.data.dataDirectory, parsed.data.operators.socket)
}
