// One of the files that an auditor can run, and check, without the rest: it imports nothing but its neighbours.
import { type Frontier, nodeHash } from '../merkle-tree.ts'
import { hashBytes, type Tile, tileWidth } from './tile-path.ts'

/** A tile with its hashes, packed. */
export interface FilledTile {
  readonly tile: Tile
  readonly hashes: Buffer
}

/** The root over packed hashes, a power of two of them. */
export function packedRoot(hashes: Buffer): Buffer {
  let level = hashes
  while (level.length > hashBytes) {
    const next = Buffer.allocUnsafe(level.length / 2)
    for (let at = 0; at < next.length; at += hashBytes) {
      next.set(nodeHash(level.subarray(2 * at, 2 * at + hashBytes), level.subarray(2 * at + hashBytes, 2 * at + 2 * hashBytes)), at)
    }
    level = next
  }
  return level
}

/** The widths of the partial tiles of a tree of this size, leaves first; 0 where a level has none. */
export function edgeWidths(size: number): readonly number[] {
  const widths: number[] = []
  for (let rest = size; rest > 0; rest = Math.floor(rest / tileWidth)) widths.push(rest % tileWidth)
  return widths
}

/** Makes the tiles of a tree that grows leaf by leaf. Memory: one tile a level, 8 KiB each. */
export class TileEdge {
  #size: number
  readonly #levels: Buffer[]

  /** An edge of that size with the hashes of its partial tiles, leaves first; nothing for the tree without a leaf. */
  constructor(size = 0, partials: readonly Buffer[] = []) {
    this.#size = size
    this.#levels = partials.map((hashes) => Buffer.concat([hashes], tileWidth * hashBytes))
  }

  /** Number of leaves. */
  get size(): number {
    return this.#size
  }

  /** One that grows on its own. */
  copy(): TileEdge {
    return new TileEdge(this.#size, this.#levels)
  }

  /** Adds a leaf and returns the tiles that are full with it, the lowest level first. */
  push(leaf: Uint8Array): readonly FilledTile[] {
    const full: FilledTile[] = []
    let hash = leaf
    let count = this.#size
    for (let level = 0; ; level += 1) {
      const at = count % tileWidth
      const hashes = this.#level(level)
      hashes.set(hash, at * hashBytes)
      count = Math.floor(count / tileWidth)
      if (at < tileWidth - 1) break
      full.push({ tile: { level, index: count, width: tileWidth }, hashes: Buffer.from(hashes) })
      hash = packedRoot(hashes)
    }
    this.#size += 1
    return full
  }

  /** The tiles that are not full, the lowest level first. */
  get partials(): readonly FilledTile[] {
    return edgeWidths(this.#size).flatMap((width, level) => {
      const index = Math.floor(this.#size / tileWidth ** (level + 1))
      return width === 0 ? [] : [{ tile: { level, index, width }, hashes: this.#level(level).subarray(0, width * hashBytes) }]
    })
  }

  /** The tree that it is the edge of. */
  get tree(): Frontier {
    const roots = this.partials.toReversed().flatMap(({ hashes }) => perfectRoots(hashes))
    return { size: this.#size, roots }
  }

  #level(level: number): Buffer {
    const there = this.#levels[level]
    if (there !== undefined) return there
    const made = Buffer.alloc(tileWidth * hashBytes)
    this.#levels[level] = made
    return made
  }
}

/** The roots of the perfect subtrees over packed hashes, the largest first. */
function perfectRoots(hashes: Buffer): readonly Buffer[] {
  const roots: Buffer[] = []
  let at = 0
  for (let count = tileWidth / 2; count >= 1; count /= 2) {
    const end = at + count * hashBytes
    if (end > hashes.length) continue
    roots.push(packedRoot(hashes.subarray(at, end)))
    at = end
  }
  return roots
}
