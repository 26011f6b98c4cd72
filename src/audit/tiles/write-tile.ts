import { lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { draftEnding } from '../../lib/replace-file.ts'
import type { FilledTile } from './tile-edge.ts'
import { tilePath, tileWidth } from './tile-path.ts'

async function standsThere(path: string, hashes: Buffer): Promise<boolean> {
  try {
    return (await lstat(path)).isFile() && hashes.equals(await readFile(path))
  } catch {
    return false
  }
}

/**
 * Writes the tile in its place as a whole, unless that is what stands there; tells whether it wrote. It is not synced: what a power cut loses is made
 * anew from the log. A full one takes the place of its partial ones, which are removed.
 */
export async function writeTile(directory: string, { tile, hashes }: FilledTile): Promise<boolean> {
  const path = join(directory, tilePath(tile))
  const stands = await standsThere(path, hashes)
  if (!stands) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(`${path}${draftEnding}`, hashes, { mode: 0o600 })
    await rename(`${path}${draftEnding}`, path)
  }
  if (tile.width === tileWidth) await rm(`${path}.p`, { recursive: true, force: true })
  return !stands
}
