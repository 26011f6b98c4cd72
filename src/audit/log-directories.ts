import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ifThere } from './if-there.ts'

/** The directory of the log of this name, `node/worker`, in a data directory. */
export function logDirectory(dataDirectory: string, log: string): string {
  return join(dataDirectory, 'audit', log.replace('/', '-'))
}

/** The logs under `dataDirectory/audit`: names, and directories. */
export function logDirectories(dataDirectory: string): ReadonlyMap<string, string> {
  const root = join(dataDirectory, 'audit')
  const found = ifThere(() => readdirSync(root, { withFileTypes: true })) ?? []
  const names = found.filter((one) => one.isDirectory() && one.name.includes('-')).map(({ name }) => name)
  return new Map(names.sort().map((name) => [name.replace(/-([^-]*)$/, '/$1'), join(root, name)]))
}
