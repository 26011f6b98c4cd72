import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { replaceFile } from '../lib/replace-file.ts'
import type { AppendLog } from './append-log.ts'
import type { Handover } from './log-handover.ts'
import type { LogSigner } from './log-signer.ts'
import { type Frontier, rootOf } from './merkle-tree.ts'
import { checkpointIn, readCheckpoint, readVerifier } from './signed-note.ts'
import { whereThere } from './tiles/tile-files.ts'
import type { TileWriter } from './tiles/tile-writer.ts'
import { writeFault } from './write-fault.ts'

/** The newest checkpoint of a log, beside its segments: a signed note (C2SP tlog-checkpoint) in the file `checkpoint`. */
export interface Checkpoints {
  /** Makes the tree's tiles, then signs and writes its checkpoint where the tree has grown. Never rejects: what the disk does not take now is tried again at the next call. */
  follow(tree: Frontier): Promise<void>
  /** Checkpoints that could not be signed or written since the start. */
  readonly failures: number
  /** Why the last one could not; undefined where it was. */
  readonly fault: string | undefined
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

/** The keys that handed over since the checkpoint beside the log was signed sign the next one as well: so those that hold one of them find the way. */
function oweSignatures(directory: string, handovers: readonly Handover[], signer: LogSigner): void {
  if (handovers.length === 0) return
  const note = whereThere(() => readFileSync(join(directory, 'checkpoint'), 'utf8')) ?? ''
  const signed = handovers.findLastIndex(({ to }) => {
    const verifier = readVerifier(to)
    return verifier !== undefined && typeof readCheckpoint(note, verifier) !== 'string'
  })
  for (const { from } of handovers.slice(signed + 1)) signer.alsoBy(from)
}

/**
 * The checkpoints of the log in this directory, as it is at the start; `tell` is told when one fails, and when one is written again. A checkpoint is whole in its place or not there: readers never see half of one.
 */
export function createCheckpoints(
  directory: string,
  log: Pick<AppendLog, 'name' | 'tree' | 'handovers'>,
  signer: LogSigner,
  tiles: Pick<TileWriter, 'follow'>,
  tell: (message: string) => void,
): Checkpoints {
  oweSignatures(directory, log.handovers, signer)
  keepContradicting(directory, log.tree)
  let failures = 0
  let fault: string | undefined
  let written = 0
  let last = Promise.resolve()
  async function write(tree: Frontier): Promise<void> {
    await tiles.follow(tree)
    if (tree.size === written) return
    try {
      const note = await signer.checkpoint(tree)
      await replaceFile(join(directory, 'checkpoint'), note)
      signer.placed(note)
      written = tree.size
      if (fault !== undefined) tell(`the checkpoint of the log ${log.name} is written again`)
      fault = undefined
    } catch (error) {
      // The log itself is what must be durable; it says by itself when it is not.
      failures += 1
      const why = `the checkpoint of the log ${log.name} cannot be signed or written: ${writeFault(error)}`
      if (fault === undefined) tell(why)
      fault = why
    }
  }
  return {
    follow(tree) {
      last = last.then(() => write(tree))
      return last
    },
    get failures() {
      return failures
    },
    get fault() {
      return fault
    },
  }
}
