import { lstat, mkdir, readFile, rename } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { hashBytes, tileWidth } from './tile-path.ts'

/** What stands in a tile's place: itself, nothing or what a power cut left of it, or something else, which is evidence. */
export type Standing = 'right' | 'lost' | 'contradicting'

/** Beside `tile/`, and never in it: that folder is published. */
const asideFolder = 'tile-contradicting'

/** Holds what stands in a tile's place against its hashes. Rejects where it cannot be read. */
export async function standingAt(path: string, hashes: Buffer): Promise<Standing> {
  const found = await lstat(path).catch(nothing)
  if (found === undefined) return 'lost'
  if (!found.isFile() || found.size > tileWidth * hashBytes) return 'contradicting'
  const bytes = await readFile(path).catch(nothing)
  if (bytes === undefined) return 'lost'
  if (bytes.equals(hashes)) return 'right'
  return bytes.length < hashes.length && bytes.equals(hashes.subarray(0, bytes.length)) ? 'lost' : 'contradicting'
}

/** Moves what stands in a tile's place to `tile-contradicting`, under its name, or with a number behind it where another one has that. */
export async function keepAside(directory: string, path: string): Promise<void> {
  const place = join(directory, asideFolder, relative(join(directory, 'tile'), path))
  await mkdir(dirname(place), { recursive: true, mode: 0o700 })
  let free = place
  for (let number = 2; (await lstat(free).catch(nothing)) !== undefined; number += 1) free = `${place}-${number}`
  // A proxy that runs may have taken it away with all partial ones, its place being full.
  await rename(path, free).catch(nothing)
}

function nothing(error: unknown): undefined {
  if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
  throw error
}
