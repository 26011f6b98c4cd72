import { randomBytes } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { draftEnding } from '../../lib/replace-file.ts'
import { keepAside, standingAt } from './contradicting-tiles.ts'
import type { FilledTile } from './tile-edge.ts'
import { partialWidths, readTileFile } from './tile-files.ts'
import { hashBytes, tilePath, tileWidth } from './tile-path.ts'

/**
 * Writes the tile in its place as a whole, unless that is what stands there; tells whether it wrote. It is not synced: what a power cut loses is made
 * anew from the log. What contradicts it is kept aside. A full one takes the place of its partial ones, which are removed.
 */
export async function writeTile(directory: string, { tile, hashes }: FilledTile): Promise<boolean> {
  const path = join(directory, tilePath(tile))
  const standing = await standingAt(path, hashes)
  if (standing === 'contradicting') await keepAside(directory, path)
  if (standing !== 'right') await put(path, hashes)
  if (tile.width === tileWidth) {
    for (const width of partialWidths(directory, tile.level, tile.index)) {
      const partial = join(directory, tilePath({ ...tile, width }))
      if (width < tileWidth && (await standingAt(partial, hashes.subarray(0, width * hashBytes))) === 'contradicting')
        await keepAside(directory, partial)
    }
    await rm(`${path}.p`, { recursive: true, force: true })
  }
  return standing !== 'right'
}

/**
 * Makes the partial tiles anew that stand in the place of this one and are not its beginning, and returns how many; what contradicts it is kept aside. A wider one that begins
 * as this one does stays: it may be newer.
 */
export async function mendPartials(directory: string, { tile, hashes }: FilledTile): Promise<number> {
  let made = 0
  for (const width of partialWidths(directory, tile.level, tile.index)) {
    if (width < tile.width)
      made += (await writeTile(directory, { tile: { ...tile, width }, hashes: hashes.subarray(0, width * hashBytes) })) ? 1 : 0
    if (width <= tile.width || width >= tileWidth) continue
    const path = join(directory, tilePath({ ...tile, width }))
    const begins = readTileFile(path)?.subarray(0, hashes.length) ?? Buffer.alloc(0)
    if (!begins.equals(hashes.subarray(0, begins.length))) await keepAside(directory, path)
  }
  return made
}

/** In a draft of a name that nobody knows before, so that no link waits there, and no other process writes into it. */
async function put(path: string, hashes: Buffer): Promise<void> {
  const draft = `${path}.${randomBytes(8).toString('hex')}${draftEnding}`
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  try {
    await writeFile(draft, hashes, { mode: 0o600, flag: 'wx' })
    await rename(draft, path)
  } catch (error) {
    await rm(draft, { force: true })
    throw error
  }
}
