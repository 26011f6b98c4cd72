import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A path of the data directory that others than its owner may read or write. */
export class NotPrivate extends Error {
  override readonly name = 'NotPrivate'
}

/** Throws `NotPrivate` where the group or the world has any right to the path; Windows, which has no such modes, passes. */
export function requirePrivate(path: string): void {
  if (process.platform === 'win32') return
  const status = statSync(path)
  const mode = status.mode & 0o777
  if ((mode & 0o077) === 0) return
  const wanted = status.isDirectory() ? '700' : '600'
  throw new NotPrivate(`${path} has mode ${mode.toString(8)}, so that others can reach it: run chmod ${wanted} ${path}`)
}

/** Makes the directory with mode 0700 where it is missing; throws `NotPrivate` where it is open to others. */
export function privateDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  requirePrivate(path)
}

/** Throws `NotPrivate` where a file or folder right in the directory is open to others. */
export function requirePrivateContents(directory: string): void {
  for (const name of readdirSync(directory)) requirePrivate(join(directory, name))
}
