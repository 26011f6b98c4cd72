import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jest } from '@jest/globals'
import { emptyTree, grown, leafHash } from '../../../../src/audit/merkle-tree.ts'
import { TileEdge } from '../../../../src/audit/tiles/tile-edge.ts'
import { readEdge } from '../../../../src/audit/tiles/tile-files.ts'
import { createTileWriter } from '../../../../src/audit/tiles/tile-writer.ts'

test('leaves that waited for a disk that stood still are hashed in slices: the event loop goes on between them', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ssp-tiles-'))
  const push = jest.spyOn(TileEdge.prototype, 'push')
  try {
    const leaves = Array.from({ length: 20_000 }, (_, n) => leafHash(`record ${n}`))
    const tree = grown(emptyTree, leaves)
    const writer = createTileWriter({
      directory,
      clock: { now: () => 0, elapsed: () => 0 },
      mend: () => Promise.reject(new Error('nothing is to be mended')),
    })
    await writer.follow(emptyTree)
    writer.take(0, leaves)
    let done = false
    const following = writer.follow(tree).finally(() => {
      done = true
    })
    let most = 0
    while (!done) {
      const before = push.mock.calls.length
      await new Promise(setImmediate)
      most = Math.max(most, push.mock.calls.length - before)
    }
    await following
    expect(push).toHaveBeenCalledTimes(leaves.length)
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(2048)
    expect(readEdge(directory, tree.size, (read) => read.roots.every((root, at) => root.equals(tree.roots[at] as Buffer)))?.size).toBe(
      20_000,
    )
    await writer.close()
  } finally {
    push.mockRestore()
    rmSync(directory, { recursive: true })
  }
})
