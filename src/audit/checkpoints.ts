import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../lib/replace-file.ts'
import type { LogSigner } from './log-signer.ts'
import { type Frontier, rootOf } from './merkle-tree.ts'
import { checkpointIn } from './signed-note.ts'
import { whereThere } from './tiles/tile-files.ts'
import type { TileWriter } from './tiles/tile-writer.ts'

/** The newest checkpoint of a log, beside its segments: a signed note (C2SP tlog-checkpoint) in the file `checkpoint`. */
export interface Checkpoints {
  /** Makes the tree's tiles, then signs and writes its checkpoint where the tree has grown. Never rejects: what the disk does not take now is tried again at the next call. */
  follow(tree: Frontier): Promise<void>
}

/**
 * The checkpoint beside a log that was cut, restored from a copy or written anew while nobody wrote it says more than the log, or something else: it is kept
 * as `checkpoint-SIZE`, against which `ssp audit verify` holds the log from then on.
 */
function keepContradicting(directory: string, tree: Frontier): void {
  const path = join(directory, 'checkpoint')
  const before = checkpointIn(whereThere(() => readFileSync(path, 'utf8')) ?? '')
  if (typeof before === 'string' || before.size < tree.size) return
  if (before.size > tree.size || !before.root.equals(rootOf(tree))) renameSync(path, `${path}-${before.size}`)
}

/**
 * The checkpoints of the log in this directory, as it is at the start. A checkpoint is whole in its place or not there: readers never see half of one.
 */
export function createCheckpoints(directory: string, start: Frontier, signer: LogSigner, tiles: Pick<TileWriter, 'follow'>): Checkpoints {
  keepContradicting(directory, start)
  let written = 0
  let last = Promise.resolve()
  async function write(tree: Frontier): Promise<void> {
    await tiles.follow(tree)
    if (tree.size === written) return
    try {
      const note = await signer.checkpoint(tree)
      await replaceFile(join(directory, 'checkpoint'), note)
      written = tree.size
    } catch {
      // The log itself is what must be durable; it says by itself when it is not.
    }
  }
  return {
    follow(tree) {
      last = last.then(() => write(tree))
      return last
    },
  }
}
