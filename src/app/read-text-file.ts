import { open } from 'node:fs/promises'

/** More than any settings file needs, in bytes. */
const sizeLimit = 1024 * 1024

/** Reads a whole file of UTF-8 text, at most 1 MB, a leading byte-order mark left out; or says in words what is wrong with it. Never throws. */
export async function readTextFile(path: string): Promise<{ readonly text: string } | { readonly fault: string }> {
  let bytes: Buffer
  try {
    bytes = await readAtMost(path, sizeLimit + 1)
  } catch (error) {
    return { fault: readFault(error) }
  }
  if (bytes.length > sizeLimit) return { fault: 'is larger than 1 MB' }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    return { fault: 'is not UTF-8 text' }
  }
}

/** Reads in pieces, because a pipe or a device tells no size beforehand. */
async function readAtMost(path: string, limit: number): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    const buffer = Buffer.alloc(limit)
    let length = 0
    while (length < limit) {
      const { bytesRead } = await file.read(buffer, length, limit - length, null)
      if (bytesRead === 0) break
      length += bytesRead
    }
    return buffer.subarray(0, length)
  } finally {
    await file.close()
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
