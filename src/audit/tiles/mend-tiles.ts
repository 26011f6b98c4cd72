import { createReadStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { headerOf } from '../handover-reading.ts'
import { type Frontier, leafHash, rootOf } from '../merkle-tree.ts'
import { readSegment, segmentNames } from '../segment-reading.ts'
import { type FilledTile, TileEdge } from './tile-edge.ts'
import { readEdge, whereThere } from './tile-files.ts'
import { hashBytes, recordsOf, tilePath, tileWidth } from './tile-path.ts'
import { mendPartials, writeTile } from './write-tile.ts'

/** What is to be made. */
export interface MendRequest {
  /** The log's directory. */
  readonly directory: string
  /** Records that the tiles shall stand for; all that are whole in the segments unless given. */
  readonly size?: number
  /** Hold every tile against the records, those too that look sound. */
  readonly all?: boolean
}

/** What was done. */
export interface Mended {
  readonly records: number
  /** Tiles that were missing or wrong. */
  readonly made: number
}

const ignore = (): void => {}

/** Index of the first record whose full tile, on any level, is not there with its length: so a power cut leaves what it lost. */
function firstGap(directory: string, size: number): number {
  let gap = size
  for (let level = 0; tileWidth ** (level + 1) <= size; level += 1) {
    for (let index = 0; ; index += 1) {
      const tile = { level, index, width: tileWidth }
      const { from, to } = recordsOf(tile)
      if (to > size || from >= gap) break
      if (whereThere(() => statSync(join(directory, tilePath(tile))).size) !== tileWidth * hashBytes) gap = from
    }
  }
  return gap
}

interface Beginning {
  /** The segments to be read, in order. */
  readonly names: readonly string[]
  readonly edge: TileEdge
}

const same = (one: Frontier, other: Frontier): boolean => rootOf(one).equals(rootOf(other))

/** The last segment before which all tiles look sound. */
async function beginningOf({ directory, size, all }: MendRequest, names: readonly string[]): Promise<Beginning> {
  let gap: number | undefined
  for (const [position, name] of all === true ? [] : Array.from(names.entries()).reverse()) {
    const header = await headerOf(join(directory, name))
    if (header === undefined || header.first === 0 || header.first > (size ?? header.first)) continue
    gap ??= firstGap(directory, header.first)
    const { first, tree } = header
    const edge = first > gap ? undefined : readEdge(directory, first, (read) => same(read, tree))
    if (edge !== undefined) return { names: names.slice(position), edge }
  }
  return { names, edge: new TileEdge() }
}

/**
 * Makes the tiles that are missing or wrong from the log's segments, and keeps aside what contradicts them; from the last segment on before which all look sound. Reads as a stream, in
 * bounded memory. Rejects where the segments are broken, where the disk does not take the tiles, or where there are fewer records than asked for.
 */
export async function mendTiles(request: MendRequest): Promise<Mended> {
  const { directory, size = Number.MAX_SAFE_INTEGER } = request
  const { names, edge } = await beginningOf(request, await segmentNames(directory))
  let made = 0
  let full: FilledTile[] = []
  async function write(): Promise<void> {
    const due = full
    full = []
    for (const one of due) if (await writeTile(directory, one)) made += 1
  }
  async function* written(path: string): AsyncGenerator<Buffer> {
    const chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: 1_048_576 })
    for await (const chunk of chunks) {
      yield chunk
      // What the chunk's records filled: never more than a chunk's worth waits.
      await write()
    }
  }
  for (const name of names) {
    if (edge.size >= size) break
    const path = join(directory, name)
    const { header, fault } = await readSegment(written(path), undefined, ignore, (index, _digest, json) => {
      if (index === edge.size && index < size) full.push(...edge.push(leafHash(json)))
    })
    await write()
    if (fault !== undefined) throw new Error(`${path}:${fault.line}: ${fault.problem}`)
    if (header !== undefined && header.first > edge.size) throw new Error(`records ${edge.size} to ${header.first - 1} are missing`)
  }
  if (request.size !== undefined && edge.size < request.size) throw new Error(`the log ends before record ${request.size - 1}`)
  for (const one of edge.partials) {
    if (await writeTile(directory, one)) made += 1
    made += await mendPartials(directory, one)
  }
  return { records: edge.size, made }
}
