import { didYouMean } from './did-you-mean.ts'
import { type PlacedValue, withValueAt } from './placed-value.ts'
import { readTextFile } from './read-text-file.ts'
import { type PlacedProblem, readYaml, shown } from './read-yaml.ts'
import type { SettingsSchema } from './settings-schema.ts'

/** Environment variables, as `process.env` gives them. */
export type Environment = Readonly<Record<string, string | undefined>>

interface Override {
  readonly variable: string
  readonly path: readonly string[]
  readonly fromFile: boolean
  readonly given: string
}

const prefix = 'SSP_'
/** Variables of that prefix that are no settings: the settings file itself, and switches of the test suite. */
const reserved = /^SSP_(?:CONFIG$|TEST_|REQUIRE_|DEMO_)/
/** What Kubernetes tells every container of a Service called `ssp`, or `ssp-` and more; no setting has such a name. */
const ofService =
  /^SSP(?:_[A-Z0-9]+)*_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9]+)*|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/

/**
 * Puts the environment's settings over those of the file: `SSP_LISTENER__PORT=9443` is `listener.port`, `SSP_X_FILE=/run/secrets/x` takes
 * the value of `x` from that file. A text setting takes the value as it stands (quotes around the whole are YAML's); any other is read
 * as YAML. The deeper variable wins. Never throws; whatever cannot be used is a problem that names its variable.
 */
export async function applyEnvironment(
  settings: PlacedValue,
  schema: SettingsSchema,
  environment: Environment,
): Promise<{ readonly value: PlacedValue; readonly problems: readonly PlacedProblem[] }> {
  const problems: PlacedProblem[] = []
  const overrides: Override[] = []
  for (const variable of Object.keys(environment).sort()) {
    const given = environment[variable]
    if (given === undefined || !variable.startsWith(prefix) || reserved.test(variable) || tellsOfService(variable, given)) continue
    const override = resolve(variable, given, schema)
    if ('message' in override) problems.push(override)
    else overrides.push(override)
  }
  overrides.sort((a, b) => a.path.length - b.path.length)
  let value = settings
  const taken = new Map<string, string>()
  for (const override of overrides) {
    const place = { source: override.variable }
    const name = override.path.join('.')
    const earlier = taken.get(name)
    if (earlier !== undefined) {
      problems.push({ place, message: `${name}: ${earlier} sets it too: keep one of them` })
      continue
    }
    taken.set(name, override.variable)
    const read = await readOverride(override, schema)
    problems.push(...read.problems)
    value = withValueAt(value, override.path, read.value)
  }
  return { value, problems }
}

/** A port by itself is a number where somebody mistyped a setting, and a URL where it is a Service's. */
function tellsOfService(variable: string, given: string): boolean {
  return (
    ofService.test(variable) && (!/_PORT$/.test(variable) || /_(?:SERVICE|TCP|UDP|SCTP)_PORT$/.test(variable) || /^[a-z]+:\/\//.test(given))
  )
}

function resolve(variable: string, given: string, schema: SettingsSchema): Override | PlacedProblem {
  const name = variable.slice(prefix.length)
  const path = pathOf(name, schema)
  if (typeof path !== 'string') return { variable, path, fromFile: false, given }
  const inFile = name.endsWith('_FILE') ? pathOf(name.slice(0, -'_FILE'.length), schema) : ''
  if (typeof inFile !== 'string') return { variable, path: inFile, fromFile: true, given }
  return { place: { source: variable }, message: path }
}

/** The path that a variable's name stands for, or why there is none. */
function pathOf(name: string, schema: SettingsSchema): readonly string[] | string {
  const path: string[] = []
  const written: string[] = []
  for (const segment of name.split('__')) {
    const names = new Map(schema.namesAt(path).map((setting) => [screamingSnake(setting), setting]))
    const setting = names.get(segment)
    if (setting === undefined) {
      const whole = withoutUnderscores(name).length > longestName ? undefined : namedWith(withoutUnderscores(name), schema, [])
      const nearest = didYouMean(segment, names.keys())
      const meant = whole ?? (nearest === undefined ? undefined : [...written, nearest])
      return meant === undefined ? 'names no setting' : `names no setting; did you mean ${prefix}${meant.join('__')}?`
    }
    path.push(setting)
    written.push(segment)
  }
  return path
}

/** No setting's name is longer. */
const longestName = 200

function withoutUnderscores(name: string): string {
  return name.replaceAll('_', '')
}

/** The segments of the setting whose name has these letters, where `_` was written for `__` or left out; undefined where there is none. */
function namedWith(letters: string, schema: SettingsSchema, path: readonly string[]): readonly string[] | undefined {
  for (const setting of schema.namesAt(path)) {
    const segment = screamingSnake(setting)
    const beginning = withoutUnderscores(segment)
    if (letters === beginning) return [segment]
    if (!letters.startsWith(beginning)) continue
    const rest = namedWith(letters.slice(beginning.length), schema, [...path, setting])
    if (rest !== undefined) return [segment, ...rest]
  }
  return undefined
}

/** `requestsPerSecond` and `requests-per-second` are both `REQUESTS_PER_SECOND`. */
function screamingSnake(setting: string): string {
  return setting
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll('-', '_')
    .toUpperCase()
}

async function readOverride(
  { variable, path, fromFile, given }: Override,
  schema: SettingsSchema,
): Promise<{ readonly value: PlacedValue; readonly problems: readonly PlacedProblem[] }> {
  const place = { source: variable }
  const inPath = (message: string): string => `${path.join('.')}: ${message}`
  let text = given
  if (fromFile) {
    if (given === '') return { value: { kind: 'unusable', place }, problems: [{ place, message: inPath('names no file') }] }
    const file = await readTextFile(given)
    if ('fault' in file) {
      return { value: { kind: 'unusable', place }, problems: [{ place, message: inPath(`${shown(given)} ${file.fault}`) }] }
    }
    text = file.text.replace(/\r?\n$/, '')
  }
  const quoted = !fromFile && /^(["']).*\1$/s.test(text)
  if (schema.isText(path) && !quoted) return { value: { kind: 'scalar', place, value: text }, problems: [] }
  const read = readYaml(text, variable, false)
  const blank: PlacedValue = { kind: 'scalar', place, value: null }
  return {
    value: text.trim() === '' ? blank : read.value,
    problems: read.problems.map(({ message }) => ({ place, message: inPath(message) })),
  }
}
