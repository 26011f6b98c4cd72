// One of the files that an auditor can run, and check, without the rest: it imports nothing.

/** Hashes in a full tile: 8 levels of the tree (C2SP tlog-tiles). */
export const tileWidth = 256

/** Bytes of a hash (SHA-256). */
export const hashBytes = 32

/** Consecutive hashes of one level of the tree. */
export interface Tile {
  /** 0 holds leaves, each further one the roots of the tiles below. */
  readonly level: number
  /** 0-based place in its level. */
  readonly index: number
  /** How many hashes it holds: 256, or fewer at the right edge. */
  readonly width: number
}

/** The tile's path below the log's directory: `tile/0/x001/234`, a partial one `tile/0/x001/234.p/17` (C2SP tlog-tiles). */
export function tilePath({ level, index, width }: Tile): string {
  const groups: string[] = []
  for (let rest = index; groups.length === 0 || rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`${groups.length === 0 ? '' : 'x'}${String(rest % 1000).padStart(3, '0')}`)
  }
  return `tile/${level}/${groups.join('/')}${width === tileWidth ? '' : `.p/${width}`}`
}

/** Index of the first record that the tile stands for, and of the first one behind it. */
export function recordsOf({ level, index, width }: Tile): { readonly from: number; readonly to: number } {
  const each = tileWidth ** level
  return { from: index * tileWidth * each, to: (index * tileWidth + width) * each }
}
