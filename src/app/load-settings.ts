import { createHash } from 'node:crypto'
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { ConfigRejected } from './config-rejected.ts'
import { applyEnvironment, type Environment } from './environment-overrides.ts'
import { hideSecrets } from './hide-secrets.ts'
import { placeText, plainValue } from './placed-value.ts'
import { readTextFile } from './read-text-file.ts'
import { type PlacedProblem, readYaml } from './read-yaml.ts'
import { problemLimit, settingProblems } from './setting-problems.ts'
import { settingsSchema } from './settings-schema.ts'

/** Settings that passed every rule. */
export interface LoadedSettings<Settings> {
  /** Deeply frozen. */
  readonly settings: Settings
  /** SHA-256 over the canonical JSON of the effective settings, secrets hidden, the first 16 hex digits: by which settings a decision was made. */
  readonly version: string
  /** The file that was read, absolute. */
  readonly file: string
  /** The file's folder, absolute: relative paths in the settings start there. */
  readonly baseDir: string
}

/**
 * Reads one YAML file and the environment's overrides, and checks both against the schema. Reads nothing else and changes nothing.
 * Rejects with `ConfigRejected`, which holds all problems together, and with nothing else.
 */
export async function loadSettings<Schema extends z.ZodType>(
  schema: Schema,
  path: string,
  environment: Environment,
): Promise<LoadedSettings<z.output<Schema>>> {
  const text = await readTextFile(path)
  if ('fault' in text) throw new ConfigRejected([{ place: path, message: `the settings file ${text.fault}` }])
  const written = readYaml(text.text, path)
  const shape = settingsSchema(schema)
  const overridden = await applyEnvironment(written.value, shape, environment)
  const problems: PlacedProblem[] = [...written.problems, ...overridden.problems]
  const parsed = schema.safeParse(plainValue(overridden.value))
  if (!parsed.success) problems.push(...settingProblems(parsed.error.issues, overridden.value, shape))
  if (problems.length > 0 || !parsed.success) throw rejection(problems)
  const file = resolve(path)
  return { settings: deepFreeze(parsed.data), version: versionOf(hideSecrets(parsed.data, shape)), file, baseDir: dirname(file) }
}

/** All problems by the file's lines, each once, then the environment's. */
function rejection(problems: readonly PlacedProblem[]): ConfigRejected {
  const last = Number.MAX_SAFE_INTEGER
  const sorted = problems.toSorted(
    ({ place: a }, { place: b }) => (a.line ?? last) - (b.line ?? last) || (a.column ?? last) - (b.column ?? last),
  )
  const distinct = new Map(sorted.map(({ place, message }) => [`${placeText(place)} ${message}`, { place: placeText(place), message }]))
  const told = Array.from(distinct.values()).slice(0, problemLimit)
  const source = told[0]?.place.replace(/(?::\d+)+$/, '') ?? ''
  return new ConfigRejected(
    distinct.size > problemLimit ? [...told, { place: source, message: `${distinct.size - problemLimit} more problems` }] : told,
  )
}

function versionOf(settings: unknown): string {
  return createHash('sha256').update(JSON.stringify(settings, sortedKeys)).digest('hex').slice(0, 16)
}

/** Makes JSON canonical: the same settings give the same text, whatever order they were written in. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}
