import type { SettingsSchema } from './settings-schema.ts'

/** A copy of the settings in which `(hidden)` stands for every value that the schema marks as secret. */
export function hideSecrets(settings: unknown, schema: SettingsSchema, path: readonly PropertyKey[] = []): unknown {
  if (settings === undefined) return undefined
  if (path.length > 0 && schema.isSecret(path)) return '(hidden)'
  if (Array.isArray(settings)) return settings.map((item, index) => hideSecrets(item, schema, [...path, index]))
  if (typeof settings !== 'object' || settings === null) return settings
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, hideSecrets(value, schema, [...path, key])]))
}
