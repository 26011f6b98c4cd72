import { isDeepStrictEqual } from 'node:util'
import type { Config } from './config.ts'
import type { LoadedConfig } from './load-config.ts'

/** Every setting that a running process cannot change, by its place, and why; everything else is taken by a reload. The documentation's table is made from this. */
export const atStartOnly: readonly { readonly setting: string; readonly why: string }[] = [
  { setting: 'dataDirectory', why: 'logs, keys, index and lockouts are open in it, and locked' },
  { setting: 'workers', why: 'each worker has a log of its own, and its part of every limit' },
  { setting: 'audit.node', why: 'it is the name of the logs that are being written' },
  { setting: 'state', why: 'limits and lockouts are held in what it names, and would be forgotten' },
  { setting: 'lockouts.signingKey', why: 'the list of lockouts is sealed with it' },
  { setting: 'lockouts.catchUpSeconds', why: 'lockouts are opened with it' },
  { setting: 'operators.socket', why: 'the commands of whoever asks for the reload come through it' },
]

/** What a process was started with of these settings, each with its place. */
export type StartValues = readonly (readonly [setting: string, value: unknown])[]

/** Takes them out of the settings of the start. */
export function startValues(config: Config): StartValues {
  return atStartOnly.map(({ setting }) => [setting, valueAt(config, setting.split('.'))])
}

/** The settings as read, with those of the start in their places; `waiting` names the ones that the file has otherwise. */
export function keepFromStart(read: LoadedConfig, values: StartValues): LoadedConfig {
  const differing = values.filter(([setting, value]) => !isDeepStrictEqual(valueAt(read.config, setting.split('.')), value))
  const config = differing.reduce<unknown>((made, [setting, value]) => withValueAt(made, setting.split('.'), value), read.config)
  return { ...read, config: config as Config, waiting: differing.map(([setting]) => setting) }
}

function valueAt(settings: unknown, [key = '', ...rest]: readonly string[]): unknown {
  const value = (settings as Readonly<Record<string, unknown>>)[key]
  return rest.length === 0 ? value : valueAt(value, rest)
}

/** A frozen copy with this value in that place, or without one where it is undefined. */
function withValueAt(settings: unknown, [key = '', ...rest]: readonly string[], value: unknown): unknown {
  const { [key]: old, ...others } = settings as Readonly<Record<string, unknown>>
  const next = rest.length === 0 ? value : withValueAt(old, rest, value)
  return Object.freeze(next === undefined ? others : { ...others, [key]: next })
}
