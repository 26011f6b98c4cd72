import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Somebody else writes this log, or this witness's memory. */
export class LogLocked extends Error {
  override readonly name = 'LogLocked'
}

function createEmpty(path: string): void {
  try {
    // Only ever made anew: opening and closing a file that this process has locked would drop the lock (POSIX).
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function ownerOf(path: string): string {
  try {
    return `process ${readFileSync(path, 'utf8').trim()}`
  } catch {
    return 'another process'
  }
}

function writeOwner(path: string): void {
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o600 })
  } catch {
    // It serves the message above alone; a full disk must not keep the log from opening.
  }
}

/**
 * Takes the one right to write a log's directory, or a witness's, and returns the function that gives it back; throws `LogLocked`, naming the holder's
 * process id and `elsewise`, what another process can be given. The lock is the kernel's (Node reaches it through SQLite only): it ends with its process however that ends, so none goes
 * stale, and process ids of other containers do not matter.
 */
export function lockLog(directory: string, elsewise = 'another data directory, node or worker name'): () => void {
  const path = join(directory, 'lock')
  const owner = join(directory, 'lock.pid')
  createEmpty(path)
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    // Journalled in memory, so that nothing is written: a full disk can still be locked.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode !== 5) throw error
    throw new LogLocked(`${directory} is being written by ${ownerOf(owner)}: stop it first, or give this one ${elsewise}`)
  }
  writeOwner(owner)
  return () => database.close()
}
