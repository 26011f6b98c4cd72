import type { z } from 'zod'
import { didYouMean } from './did-you-mean.ts'
import { findPlace, type PlacedValue } from './placed-value.ts'
import { type PlacedProblem, shown } from './read-yaml.ts'
import type { SettingsSchema } from './settings-schema.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

/** Of so many problems each is told, beyond them their number: what may be meant by a setting that is not told need not be looked for. */
export const problemLimit = 100

/** Says what zod found wrong with the settings in words that name the setting, each at the place where it was written. Shows no value. */
export function settingProblems(issues: readonly Issue[], settings: PlacedValue, schema: SettingsSchema): PlacedProblem[] {
  return issues.flatMap((issue) => problemsOf(issue, [], settings, schema))
}

function problemsOf(issue: Issue, prefix: Path, settings: PlacedValue, schema: SettingsSchema): PlacedProblem[] {
  const path = [...prefix, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    const known = schema.namesAt(path)
    return issue.keys.map((key, nth) => unknownKey(path, key, settings, nth < problemLimit ? known : []))
  }
  if (issue.code === 'invalid_union') {
    const { place, value } = findPlace(settings, path)
    const kinds = kindsAsked(issue.errors)
    const isGiven = value.kind !== 'unusable' && !(value.kind === 'scalar' && (value.value === null || value.value === ''))
    if (kinds !== undefined && isGiven) return [{ place, message: `${pathText(path)}: expected ${kinds}` }]
    const branch = likeliest(issue.errors)
    if (branch !== undefined) return branch.flatMap((inner) => problemsOf(inner, path, settings, schema))
  }
  // Which form the key of a map must have is said by the key's own rule.
  if (issue.code === 'invalid_key' && issue.issues.length > 0)
    return issue.issues.flatMap((inner) => problemsOf({ ...inner, path: [] }, path, settings, schema))
  const { reached, value, place } = findPlace(settings, path)
  if (value.kind === 'unusable') return []
  const said = lowerFirst(issue.message.replace(/^Invalid input: /, ''))
  const name = pathText(path)
  const about = (message: string): PlacedProblem[] => [{ place, message: name === '' ? message : `${name}: ${message}` }]
  if (!reached && issue.code !== 'custom') return about(`is missing: ${said.replace(/, received undefined$/, '')}`)
  const isEmpty = value.kind === 'scalar' && (value.value === null || (value.value === '' && issue.code === 'too_small'))
  if (isEmpty) return about('is empty: write a value, or take the line out')
  if (issue.code !== 'invalid_type' || value.kind !== 'scalar') return about(said)
  if (issue.expected === 'string') return about(`${said}: put it in quotes`)
  // Of a list or map in an environment variable nobody knows at once how it is written.
  const written = issue.expected === 'array' ? '[one, another]' : issue.expected === 'record' ? '{name: value}' : undefined
  return about(written === undefined ? said : `${said}: write ${written}`)
}

/** Where a value is of none of a union's kinds, each that would do; undefined where it is of one, and something else is wrong with it. */
function kindsAsked(branches: readonly (readonly Issue[])[]): string | undefined {
  const asked = branches.map(([first, ...others]) =>
    others.length === 0 && first?.path.length === 0 && (first.code === 'invalid_type' || first.code === 'invalid_value')
      ? /expected (.*?)(?:, received \w+)?$/.exec(first.message)?.[1]
      : undefined,
  )
  return asked.length === 0 || asked.includes(undefined) ? undefined : [...new Set(asked)].join(' or ')
}

function unknownKey(path: Path, key: string, settings: PlacedValue, known: readonly string[]): PlacedProblem {
  const nearest = didYouMean(key, known)
  const within = path.length === 0 ? '' : ` in ${pathText(path)}`
  return {
    place: findPlace(settings, [...path, key]).place,
    message: `unknown setting "${shown(key)}"${within}${nearest === undefined ? '' : `; did you mean "${nearest}"?`}`,
  }
}

/** Of a union's alternatives the one that was probably meant: the one whose faults lie deepest, then the one with the fewest. */
function likeliest(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const depth = (branch: readonly Issue[]): number => Math.min(...branch.map(({ path }) => path.length))
  return branches.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0]
}

function pathText(path: Path): string {
  return path.map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${shown(String(step))}`)).join('')
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}
