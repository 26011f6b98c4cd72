import { readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** A lock older than this, in ms, was left by a run that died: making a set takes seconds. */
const staleAfter = 120_000

/** Runs `work` while no other run, of this process or another, holds `directory`; waits for its turn. */
export async function withDirectoryLock<Result>(directory: string, work: () => Promise<Result>): Promise<Result> {
  const file = join(directory, '.lock')
  while (!(await take(file))) {
    if (await isAbandoned(file)) await rm(file, { force: true })
    else await delay(100)
  }
  try {
    return await work()
  } finally {
    await rm(file, { force: true })
  }
}

async function take(file: string): Promise<boolean> {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false
    throw error
  }
}

async function isAbandoned(file: string): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(file)
    const owner = Number(await readFile(file, 'utf8'))
    return Date.now() - mtimeMs > staleAfter || (owner > 0 && !isRunning(owner))
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false // given back meanwhile
    throw error
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return isErrno(error, 'EPERM')
  }
}

function isErrno(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code
}
