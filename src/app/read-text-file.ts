import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

/** More than any settings file needs, in bytes. */
const sizeLimit = 1024 * 1024

/** Ms that a pipe has to give all of what it holds: a start or a reload would wait for its writer for ever, and every later reload behind it. */
const pipeMs = 5_000
const pauseMs = 10

/**
 * Reads a whole file of UTF-8 text, at most 1 MB, a leading byte-order mark left out; or says in words what is wrong with it. Never throws.
 * A pipe, as `<(…)` of a shell or /dev/stdin is one, is read to its end within this time.
 */
export async function readTextFile(path: string, withinMs = pipeMs): Promise<{ readonly text: string } | { readonly fault: string }> {
  let bytes: Buffer | undefined
  try {
    bytes = await readAtMost(path, sizeLimit + 1, withinMs)
  } catch (error) {
    return { fault: readFault(error) }
  }
  if (bytes === undefined)
    return { fault: `is a pipe or device that came to no end within ${withinMs} ms: give the name of an ordinary file` }
  if (bytes.length > sizeLimit) return { fault: 'is larger than 1 MB' }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return { fault: 'is not UTF-8 text' }
  }
}

/** Reads in pieces, because a pipe or a device tells no size beforehand, and without waiting for a writer; undefined for a pipe that comes to no end. */
async function readAtMost(path: string, limit: number, withinMs: number): Promise<Buffer | undefined> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const until = performance.now() + withinMs
    const isPipe = (await file.stat()).isFIFO()
    const buffer = Buffer.alloc(limit)
    let length = 0
    while (length < limit) {
      const bytesRead = await readSome(file, buffer, length)
      if (bytesRead !== undefined) length += bytesRead
      // A pipe seems to be at its end until its writer has come.
      if (bytesRead === 0 && !(isPipe && length === 0)) break
      if (bytesRead) continue
      if (performance.now() >= until) return undefined
      await wait(pauseMs)
    }
    return buffer.subarray(0, length)
  } finally {
    await file.close()
  }
}

/** How many bytes were read; undefined where there are none yet. */
async function readSome(file: FileHandle, buffer: Buffer, at: number): Promise<number | undefined> {
  try {
    return (await file.read(buffer, at, buffer.length - at, null)).bytesRead
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    throw error
  }
}

function readFault(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'does not exist'
    case 'EACCES':
    case 'EPERM':
      return 'may not be read by this user'
    case 'EISDIR':
      return 'is a directory, not a file'
    default:
      return `cannot be read (${code ?? 'its name is not valid'})`
  }
}
