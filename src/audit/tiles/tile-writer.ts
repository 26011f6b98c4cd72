import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../../lib/clock.ts'
import { type Frontier, rootOf } from '../merkle-tree.ts'
import type { Mended, MendRequest } from './mend-tiles.ts'
import type { TileEdge } from './tile-edge.ts'
import { readEdge } from './tile-files.ts'
import { writeTile } from './write-tile.ts'

/** The tiles of a log that is being written (C2SP tlog-tiles): made behind it, never waited for by a call. */
export interface TileWriter {
  /** Takes the leaves of a group that is on disk, and the index of its first record. Costs no more than keeping them. */
  take(first: number, leaves: readonly Buffer[]): void
  /**
   * Brings the tiles to this tree, one call after the other. Never rejects: what the disk does not take is tried again at the next call, and
   * what is not there to go on from is made from the segments, in the background.
   */
  follow(tree: Frontier): Promise<void>
  /** Ends what runs in the background. */
  close(): Promise<void>
}

/** What the tiles are made with. */
export interface TileWriterOptions {
  /** The log's directory. */
  readonly directory: string
  readonly clock: Clock
  readonly mend: (request: MendRequest, signal: AbortSignal) => Promise<Mended>
}

/** Leaves that may wait for the disk, some 15 MB; more are given up, and read from the segments later. */
const mostWaiting = 131_072
/** Leaves that are hashed in one turn of the event loop: a millisecond or two. */
const mostInTurn = 1024
/** Milliseconds after which it is tried again to make tiles from segments that could not be read. */
const mendAgainAfter = 600_000

/** The tiles in the log's directory. */
export function createTileWriter({ directory, clock, mend }: TileWriterOptions): TileWriter {
  /** The edge of the tiles that stand on disk; undefined until it is known. */
  let standing: TileEdge | undefined
  let waiting: Buffer[] = []
  let waitingFrom = 0
  let mending: { readonly abort: AbortController; readonly done: Promise<void> } | undefined
  let mendNotBefore = Number.NEGATIVE_INFINITY
  let closed = false
  let last = Promise.resolve()

  function edgeOf(tree: Frontier): TileEdge | undefined {
    const root = rootOf(tree)
    return readEdge(directory, tree.size, (read) => rootOf(read).equals(root))
  }
  function beginMending(tree: Frontier): void {
    if (closed || clock.elapsed() < mendNotBefore) return
    mendNotBefore = clock.elapsed() + mendAgainAfter
    const abort = new AbortController()
    const done = mend({ directory, size: tree.size }, abort.signal)
      .then(
        () => {
          standing = edgeOf(tree)
          if (standing !== undefined) mendNotBefore = Number.NEGATIVE_INFINITY
        },
        () => {},
      )
      .catch(() => {
        // What cannot be read now is looked at again at the next call.
      })
      .finally(() => {
        mending = undefined
      })
    mending = { abort, done }
  }
  /** The leaves from the edge up to the tree; undefined where some of them are no longer kept. */
  function missing({ size }: TileEdge, tree: Frontier): readonly Buffer[] | undefined {
    if (size === tree.size) return []
    return waitingFrom <= size && waitingFrom + waiting.length >= tree.size
      ? waiting.slice(size - waitingFrom, tree.size - waitingFrom)
      : undefined
  }
  async function grow(edge: TileEdge, leaves: readonly Buffer[]): Promise<void> {
    const next = edge.copy()
    // The lower ones first: what a tile above says is then there to be read.
    for (let from = 0; from < leaves.length; from += mostInTurn) {
      if (from > 0) await nextTurn()
      const full = leaves.slice(from, from + mostInTurn).flatMap((leaf) => next.push(leaf))
      for (const one of full) await writeTile(directory, one)
    }
    for (const one of next.partials) await writeTile(directory, one)
    standing = next
    const done = Math.min(waiting.length, Math.max(0, next.size - waitingFrom))
    waiting.splice(0, done)
    waitingFrom += done
  }
  async function bring(tree: Frontier): Promise<void> {
    if (mending !== undefined) return
    const leaves = standing === undefined ? undefined : missing(standing, tree)
    if (standing !== undefined && leaves !== undefined) {
      if (leaves.length > 0) await grow(standing, leaves)
      return
    }
    standing = undefined
    const edge = edgeOf(tree)
    if (edge === undefined) beginMending(tree)
    // What was read of a wider tile gets its own file.
    else await grow(edge, [])
  }
  return {
    take(first, leaves) {
      if (waiting.length + leaves.length > mostWaiting) waiting = []
      if (waiting.length === 0) waitingFrom = first
      for (const leaf of leaves) waiting.push(leaf)
    },
    follow(tree) {
      last = last
        .then(() => bring(tree))
        .catch(() => {
          // The log itself is what must be durable; the tiles come from it.
        })
      return last
    },
    async close() {
      closed = true
      mending?.abort.abort()
      await mending?.done
    },
  }
}
