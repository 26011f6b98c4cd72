import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { leafHash } from '../../src/audit/merkle-tree.ts'
import { whereThere } from '../../src/audit/tiles/tile-files.ts'
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

/** The entries of a log as they stand in their lines. */
export function entryTexts(directory: string): readonly string[] {
  const lines = segmentsOf(directory).flatMap((path) => readFileSync(path, 'latin1').split('\n'))
  return lines.flatMap((line) => /^\{"i":\d+,"g":\d+,"h":"[^"]*","e":(.*)\}$/.exec(line)?.[1] ?? [])
}

/** The leaf hashes of a log's records. */
export function leavesOf(directory: string): readonly Buffer[] {
  return entryTexts(directory).map(leafHash)
}
