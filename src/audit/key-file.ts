import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ifThere } from './if-there.ts'
import { privateDirectory, requirePrivate } from './private-modes.ts'

function syncDirectory(path: string): void {
  if (process.platform === 'win32') return
  const fd = openSync(path, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** What the file holds; undefined where there is none. Throws `NotPrivate` where others can reach it. */
export function readKeyFile(path: string): Buffer | undefined {
  return ifThere(() => {
    const bytes = readFileSync(path)
    requirePrivate(path)
    return bytes
  })
}

/** Writes a draft beside the path and lets `place` put it there; the directory is durable then, and no draft is left. */
function withDraft(path: string, bytes: Uint8Array, place: (draft: string) => void): void {
  const directory = dirname(path)
  privateDirectory(directory)
  const draft = join(directory, `.${randomBytes(8).toString('hex')}`)
  try {
    writeFileSync(draft, bytes, { mode: 0o600, flag: 'wx', flush: true })
    place(draft)
  } finally {
    rmSync(draft, { force: true })
  }
  syncDirectory(directory)
  // A name for the folder itself is durable only with the folder above it.
  syncDirectory(dirname(directory))
}

/** Puts the bytes in the file's place with mode 0600, whole and durable. */
export function replaceKeyFile(path: string, bytes: Uint8Array): void {
  withDraft(path, bytes, (draft) => renameSync(draft, path))
}

/**
 * The file's bytes; where there is none it is made of `bytes` with mode 0600, whole and durable before it bears its name. Of processes that
 * make it at one time the first one's stays, and all get that one.
 */
export function readOrMakeKeyFile(path: string, bytes: () => Uint8Array): Buffer {
  const there = readKeyFile(path)
  if (there !== undefined) return there
  withDraft(path, bytes(), (draft) => {
    try {
      linkSync(draft, path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  })
  const made = readKeyFile(path)
  if (made === undefined) throw new Error(`${path} is gone as soon as it was made`)
  return made
}

/** Overwrites the file, removes it, and makes that durable; nothing happens where there is none. */
export function destroyKeyFile(path: string): void {
  const length = readKeyFile(path)?.length
  if (length === undefined) return
  const fd = openSync(path, 'r+')
  try {
    writeSync(fd, Buffer.alloc(length), 0, length, 0)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  rmSync(path, { force: true })
  syncDirectory(dirname(path))
}
