import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The directory of the log of this name, `node/worker`, in a data directory. */
export function logDirectory(dataDirectory: string, log: string): string {
  return join(dataDirectory, 'audit', log.replace('/', '-'))
}

/** The logs under `dataDirectory/audit`: names, and directories. */
export async function logDirectories(dataDirectory: string): Promise<ReadonlyMap<string, string>> {
  const root = join(dataDirectory, 'audit')
  const found = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const names = found.filter((one) => one.isDirectory() && one.name.includes('-')).map(({ name }) => name)
  return new Map(names.sort().map((name) => [name.replace(/-([^-]*)$/, '/$1'), join(root, name)]))
}
