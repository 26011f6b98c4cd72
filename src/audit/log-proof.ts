// One of the files that an auditor can run, and check, without the rest: it imports nothing but Node and its neighbours.
import { createReadStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { leafHash, type RangeRoots, rangesOf } from './merkle-tree.ts'
import { readSegment, segmentNames } from './segment-reading.ts'
import { checkpointIn } from './signed-note.ts'
import { whereThere } from './tiles/tile-files.ts'
import { BadTile, tiledRanges } from './tiles/tile-proofs.ts'

/** A log's tree, as far as proofs ask for it. */
export interface ProvableTree {
  /** Records that it stands for. */
  readonly size: number
  readonly roots: RangeRoots
}

const leafBytes = 32

/**
 * What `prove` makes of a log's tree: of the one of the newest checkpoint, read from its tiles, in a few of them; of all the records, read from the
 * segments, where tiles are missing or wrong or `size` is more than that checkpoint's. Rejects where the log is broken, and with what `prove` throws.
 */
export async function provenBy<T>(directory: string, size: number | undefined, prove: (tree: ProvableTree) => T): Promise<T> {
  const tiled = tiledTree(directory)
  try {
    if (tiled !== undefined && (size ?? 0) <= tiled.size) return prove(tiled)
  } catch (error) {
    if (!(error instanceof BadTile)) throw error
  }
  return prove(await leavesTree(directory))
}

/** The tree of the newest checkpoint as its tiles have it; undefined where there is none. Its roots throw `BadTile`. */
export function tiledTree(directory: string): ProvableTree | undefined {
  const checkpoint = checkpointIn(whereThere(() => readFileSync(join(directory, 'checkpoint'), 'utf8')) ?? '')
  if (typeof checkpoint === 'string') return undefined
  const roots = tiledRanges(directory, checkpoint.size, checkpoint.root)
  return roots === undefined ? undefined : { size: checkpoint.size, roots }
}

/** Reads all leaf hashes of a log from its segments, 32 bytes of memory each. Throws where the log is broken, or does not begin with record 0. */
async function leavesTree(directory: string): Promise<ProvableTree> {
  const names = await segmentNames(directory)
  let bytes = Buffer.alloc(1024 * leafBytes)
  let end = { next: 0, hash: 'A'.repeat(43) }
  for (const name of names) {
    const reading = await readSegment(
      createReadStream(join(directory, name), { highWaterMark: 1_048_576 }),
      end,
      () => {},
      (index, _digest, json) => {
        if ((index + 1) * leafBytes > bytes.length) bytes = Buffer.concat([bytes, Buffer.alloc(bytes.length)])
        bytes.set(leafHash(json), index * leafBytes)
      },
    )
    if (reading.fault !== undefined) throw new Error(`${join(directory, name)}:${reading.fault.line}: ${reading.fault.problem}`)
    end = { next: reading.next, hash: reading.hash }
  }
  return { size: end.next, roots: rangesOf((index) => bytes.subarray(index * leafBytes, (index + 1) * leafBytes)) }
}
