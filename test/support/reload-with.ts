import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { World } from './start-world.ts'

type Settings = Readonly<Record<string, unknown>>

/** Writes the world's settings file with these changes, section by section, key by key; the file is replaced whole. */
export async function changeSettings({ directory }: Pick<World, 'directory'>, changes: Readonly<Record<string, unknown>>): Promise<void> {
  const path = join(directory, 'config.yaml')
  const before = JSON.parse(await readFile(path, 'utf8')) as Settings
  const changed = Object.entries(changes).map(([section, value]) => [
    section,
    typeof value === 'object' ? { ...(before[section] as Settings | undefined), ...value } : value,
  ])
  await writeFile(`${path}.new`, JSON.stringify({ ...before, ...Object.fromEntries(changed) }), { mode: 0o600 })
  await rename(`${path}.new`, path)
}

/** Changes the settings and reloads; the reload must be taken. Returns what it says it brought. */
export async function reloadWith(here: World, changes: Readonly<Record<string, unknown>>): Promise<string> {
  await changeSettings(here, changes)
  const { ok, detail } = await here.proxy.reload('test')
  if (!ok) throw new Error(`the reload was refused: ${detail}`)
  return detail
}
