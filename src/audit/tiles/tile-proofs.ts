// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { type RangeRoots, rootOf } from '../merkle-tree.ts'
import { packedRoot, type TileEdge } from './tile-edge.ts'
import { readEdge, readTile } from './tile-files.ts'
import { hashBytes, tilePath, tileWidth } from './tile-path.ts'

/** A tile is not there, or not the one that the tree's root was made of. */
export class BadTile extends Error {
  override readonly name = 'BadTile'
}

/**
 * The roots of ranges of a tree, read from its tiles: some tiles for each, whatever its size. Every tile is held against the tree's root before
 * it is believed: its own root must stand in the tile above it. Undefined where the right edge is not there; a root throws `BadTile`.
 */
export function tiledRanges(directory: string, size: number, root: Buffer): RangeRoots | undefined {
  const edge = readEdge(directory, size, (tree) => rootOf(tree).equals(root))
  return edge === undefined ? undefined : rangesFrom(directory, edge)
}

function rangesFrom(directory: string, edge: TileEdge): RangeRoots {
  const believed = new Map(edge.partials.map(({ tile, hashes }) => [`${tile.level}/${tile.index}`, hashes]))

  function hashesOf(level: number, index: number): Buffer {
    const key = `${level}/${index}`
    const known = believed.get(key)
    if (known !== undefined) return known
    const tile = { level, index, width: tileWidth }
    const read = readTile(directory, tile)
    if (read === undefined) throw new BadTile(`${tilePath(tile)} is missing`)
    const at = (index % tileWidth) * hashBytes
    const above = hashesOf(level + 1, Math.floor(index / tileWidth)).subarray(at, at + hashBytes)
    if (!packedRoot(read).equals(above)) throw new BadTile(`${tilePath(tile)} is not that of the tree`)
    believed.set(key, read)
    return read
  }
  function perfect(from: number, count: number): Buffer {
    let level = 0
    let each = 1
    for (; each * tileWidth <= count; each *= tileWidth) level += 1
    const first = from / each
    const at = (first % tileWidth) * hashBytes
    return packedRoot(hashesOf(level, Math.floor(first / tileWidth)).subarray(at, at + (count / each) * hashBytes))
  }
  return (from, to) => {
    const roots: Buffer[] = []
    for (let at = from; at < to; ) {
      let count = 1
      while (count * 2 <= to - at) count *= 2
      roots.push(perfect(at, count))
      at += count
    }
    return rootOf({ size: to - from, roots })
  }
}
