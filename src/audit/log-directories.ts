// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { ifThere } from './if-there.ts'

/** The directory of the log of this name, `node/worker`, in a data directory. */
export function logDirectory(dataDirectory: string, log: string): string {
  return join(dataDirectory, 'audit', log.replace('/', '-'))
}

/**
 * The names of what holds logs under `dataDirectory/audit`: of folders, and of links, as where a log was moved to another disk; what a link leads to may be away.
 * Throws the system's error.
 */
export function logFolders(dataDirectory: string): readonly string[] {
  const found = readdirSync(join(dataDirectory, 'audit'), { withFileTypes: true })
  return found
    .filter((one) => one.isDirectory() || one.isSymbolicLink())
    .map(({ name }) => name)
    .sort()
}

/** Whether a folder is there, or a link to one. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** The logs under `dataDirectory/audit` that are there: names, and directories. */
export function logDirectories(dataDirectory: string): ReadonlyMap<string, string> {
  const names = (ifThere(() => logFolders(dataDirectory)) ?? []).filter((name) => name.includes('-'))
  const places = names.map((name) => [name.replace(/-([^-]*)$/, '/$1'), join(dataDirectory, 'audit', name)] as const)
  return new Map(places.filter(([, directory]) => isFolder(directory)))
}
