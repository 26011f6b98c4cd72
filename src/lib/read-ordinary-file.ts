import { readFileSync, statSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'

/**
 * The text of an ordinary file. Rejects with the system's error, and for a pipe or a device, of which nobody knows when its first byte comes:
 * a start or a reload would wait for it, perhaps for ever, and every later reload behind it.
 */
export async function readOrdinaryFile(path: string): Promise<string> {
  const found = await stat(path)
  if (!found.isFile() && !found.isDirectory()) throw new Error('it is no ordinary file')
  return await readFile(path, 'utf8')
}

/** The same, at once: a pipe would hold the whole process up. Throws. */
export function readOrdinaryFileSync(path: string): string {
  const found = statSync(path)
  if (!found.isFile() && !found.isDirectory()) throw new Error('it is no ordinary file')
  return readFileSync(path, 'utf8')
}
