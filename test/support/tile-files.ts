import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { leafHash } from '../../src/audit/merkle-tree.ts'
import { whereThere } from '../../src/audit/tiles/tile-files.ts'
import { hashBytes, tileWidth } from '../../src/audit/tiles/tile-path.ts'
import { draftEnding } from '../../src/lib/replace-file.ts'
import { segmentsOf } from './audit-log-text.ts'

/** What the files of a log's tiles hold, by their paths below its directory; drafts, and what is removed meanwhile, are left out. */
export function tilesIn(directory: string): Readonly<Record<string, Buffer>> {
  const paths = globSync('tile/**/[0-9]*', { cwd: directory }).filter((path) => !path.endsWith(draftEnding))
  const tiles = paths.sort().flatMap((path) => {
    const place = join(directory, path)
    if (statSync(place, { throwIfNoEntry: false })?.isFile() !== true) return []
    const bytes = whereThere(() => readFileSync(place))
    return bytes === undefined ? [] : [[path, bytes] as const]
  })
  return Object.fromEntries(tiles)
}

/** How many records the tiles of a log hold the hashes of: a tile is made of records that are on disk. */
export function tiledRecords(directory: string): number {
  const ends = Object.entries(tilesIn(directory)).flatMap(([path, hashes]) => {
    const index = /^tile\/0\/((?:x\d{3}\/)*\d{3})(?:\.p\/\d+)?$/.exec(path)?.[1]
    return index === undefined ? [] : [Number(index.replaceAll(/\D/g, '')) * tileWidth + hashes.length / hashBytes]
  })
  return Math.max(0, ...ends)
}

/** The entries of a log as they stand in their lines. */
export function entryTexts(directory: string): readonly string[] {
  const lines = segmentsOf(directory).flatMap((path) => readFileSync(path, 'latin1').split('\n'))
  return lines.flatMap((line) => /^\{"i":\d+,"g":\d+,"h":"[^"]*","e":(.*)\}$/.exec(line)?.[1] ?? [])
}

/** The leaf hashes of a log's records. */
export function leavesOf(directory: string): readonly Buffer[] {
  return entryTexts(directory).map(leafHash)
}
