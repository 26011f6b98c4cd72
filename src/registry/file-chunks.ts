import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { UnreadableFile } from './unreadable-file.ts'

/**
 * The bytes of an ordinary file, in chunks of 64 kB or of the size that is asked for. Rejects with `UnreadableFile` for a pipe or a device,
 * of which nobody knows when its first byte comes: a start or a reload would wait for it, perhaps for ever. Else rejects with the system's error.
 */
export async function* fileChunks(path: string, name: string, highWaterMark = 65_536): AsyncGenerator<Buffer, void> {
  const found = await stat(path)
  if (!found.isFile() && !found.isDirectory()) throw new UnreadableFile(name, 'is no ordinary file')
  yield* createReadStream(path, { highWaterMark }) as AsyncIterable<Buffer>
}
