import { access, constants, mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { StartRefused } from './start-refused.ts'

/** Makes the data directory, mode 0700, with the folders above it, where it is missing. Rejects with `StartRefused` where there can be none, or none that is written. */
export async function makeDataDirectory(path: string): Promise<void> {
  try {
    await makeFolders(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'EEXIST' || code === 'ENOTDIR' ? 'something that is no folder is in its place' : message
    throw new StartRefused(`dataDirectory: ${path} cannot be made: ${why}`)
  }
  // Asked here: a recursive mkdir under a read-only folder says that the folder is not there.
  await access(path, constants.W_OK | constants.X_OK).catch((error: NodeJS.ErrnoException) => {
    throw new StartRefused(`dataDirectory: ${path} cannot be written: ${error.message}`)
  })
}

/** One folder after the other: mkdir with `recursive` tries for ever where a folder that is there answers ENOENT, as /proc does, and automounters. */
async function makeFolders(path: string): Promise<void> {
  if (await isFolder(path)) return
  const above = dirname(path)
  if (above !== path) await makeFolders(above)
  await mkdir(path, { mode: 0o700 }).catch(async (error: NodeJS.ErrnoException) => {
    // Another process may have made it meanwhile.
    if (error.code !== 'EEXIST' || !(await isFolder(path))) throw error
  })
}

/** Rejects where what is above it is no folder, or may not be looked into. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
