// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type FilledTile, TileEdge } from './tile-edge.ts'
import { partialWidths, readTileFile } from './tile-files.ts'
import { hashBytes, recordsOf, type Tile, tilePath, tileWidth } from './tile-path.ts'

/** A tile that is not what the records make it. */
export interface WrongTile {
  /** Index of the first record that it stands for. */
  readonly badIndex: number
  readonly file: string
  readonly problem: string
}

/** Holds the tiles beside a log against its records. */
export interface TileCheck {
  /** Takes the leaf of the next record. */
  push(leaf: Buffer): void
  /** The first tile, in the order in which they become full, that is wrong; asked once after the last record. */
  wrong(): WrongTile | undefined
}

/**
 * The check of the tiles in the log's directory, from record 0 on. A log without the folder `tile`, as a copy may be, is not checked. Full tiles
 * that are not there are wrong only where a later one of their level is: the last may not have been made yet.
 */
export function tileCheck(directory: string): TileCheck {
  if (!existsSync(join(directory, 'tile'))) return { push: () => {}, wrong: () => undefined }
  const edge = new TileEdge()
  const missing = new Map<number, FilledTile>()
  let found: WrongTile | undefined
  function isWrong(tile: Tile, why: string): void {
    const { from, to } = recordsOf(tile)
    const problem = `the tile of records ${from} to ${to - 1} ${why}`
    found ??= { badIndex: from, file: join(directory, tilePath(tile)), problem }
  }
  /** Any file of the tile's place must hold the beginning of it. */
  function look({ tile, hashes }: FilledTile): boolean {
    const partials = partialWidths(directory, tile.level, tile.index).filter((width) => width < tileWidth)
    const widths = tile.width === tileWidth ? [...partials, tileWidth] : partials
    let full = false
    for (const width of widths) {
      const one = { ...tile, width }
      const bytes = readTileFile(join(directory, tilePath(one)))
      // A power cut leaves the name of one that it lost.
      if (bytes === undefined || (width < tileWidth && bytes.length < width * hashBytes)) continue
      full ||= width === tileWidth
      // A wider one than the log has records for may be newer than what was read of it.
      const expected = hashes.subarray(0, width * hashBytes)
      if (!(width > tile.width ? bytes.subarray(0, expected.length) : bytes).equals(expected))
        isWrong(one, 'holds other hashes than theirs')
    }
    return full
  }
  return {
    push(leaf) {
      for (const filled of edge.push(leaf)) {
        if (found !== undefined) continue
        const { level } = filled.tile
        const there = look(filled)
        const gap = missing.get(level)
        // It may have been made since it was looked for.
        if (there && gap !== undefined && look(gap)) missing.delete(level)
        else if (there && gap !== undefined) isWrong(gap.tile, 'is missing, and a later one is there')
        if (!there && gap === undefined) missing.set(level, filled)
      }
    },
    wrong() {
      if (found === undefined) for (const partial of edge.partials) look(partial)
      return found
    },
  }
}
