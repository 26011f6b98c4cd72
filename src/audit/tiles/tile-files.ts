// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Frontier } from '../merkle-tree.ts'
import { edgeWidths, TileEdge } from './tile-edge.ts'
import { hashBytes, type Tile, tilePath, tileWidth } from './tile-path.ts'

/** What `act` returns; undefined where the path that it reads is not there, or is a folder where a file is read. */
export function whereThere<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

/** What the file at the path holds; empty where it is longer than a tile; undefined where no plain file is there: a pipe would never end. */
export function readTileFile(path: string): Buffer | undefined {
  const found = whereThere(() => lstatSync(path))
  if (found?.isFile() !== true) return undefined
  return found.size > tileWidth * hashBytes ? Buffer.alloc(0) : whereThere(() => readFileSync(path))
}

/** The widths of the partial files of a tile, narrowest first. */
export function partialWidths(directory: string, level: number, index: number): readonly number[] {
  const folder = `${join(directory, tilePath({ level, index, width: tileWidth }))}.p`
  const names = whereThere(() => readdirSync(folder)) ?? []
  return names
    .filter((name) => /^[1-9]\d{0,2}$/.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

/** The hashes of a tile as its files hold them: of its own, else of a wider one of its place. Undefined where none is there with that many. */
export function readTile(directory: string, { level, index, width }: Tile): Buffer | undefined {
  const wider = [width, ...(width === tileWidth ? [] : [tileWidth, ...partialWidths(directory, level, index).filter((one) => one > width)])]
  for (const one of wider) {
    const bytes = readTileFile(join(directory, tilePath({ level, index, width: one })))
    if (bytes?.length === one * hashBytes) return bytes.subarray(0, width * hashBytes)
  }
  return undefined
}

/** The edge of a tree of that size as the files hold it, if what they hold leads to the right tree; undefined where it does not. */
export function readEdge(directory: string, size: number, isRight: (tree: Frontier) => boolean): TileEdge | undefined {
  const partials: Buffer[] = []
  for (const [level, width] of edgeWidths(size).entries()) {
    const index = Math.floor(size / tileWidth ** (level + 1))
    const hashes = width === 0 ? Buffer.alloc(0) : readTile(directory, { level, index, width })
    if (hashes === undefined) return undefined
    partials.push(hashes)
  }
  const edge = new TileEdge(size, partials)
  return isRight(edge.tree) ? edge : undefined
}
