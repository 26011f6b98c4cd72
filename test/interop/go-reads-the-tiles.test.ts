import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLogSigner } from '../../src/audit/log-signer.ts'
import { emptyTree, grown, leafHash } from '../../src/audit/merkle-tree.ts'
import { verifierText } from '../../src/audit/signed-note.ts'
import { TileEdge } from '../../src/audit/tiles/tile-edge.ts'
import { writeTile } from '../../src/audit/tiles/write-tile.ts'
import { sampleOperation } from '../support/audit-entries.ts'
import { openHeldTrail } from '../support/audit-trail-held.ts'
import { runGo } from '../support/go-program.ts'
import { whereInstalled } from '../support/outside-program.ts'
import { entryTexts } from '../support/tile-files.ts'

interface LogCase {
  readonly Directory: string
  readonly Verifier: string
  readonly Older: string
  readonly Newer: string
  readonly Records: readonly string[]
}

/** A log that two runs of the trail wrote, so many records each, with the checkpoint that each left. */
async function recorded(dataDir: string, counts: readonly [number, number]): Promise<LogCase> {
  const notes: string[] = []
  let directory = ''
  for (const count of counts) {
    const held = await openHeldTrail(dataDir, { segmentBytes: 16_384 })
    directory = held.directory
    await Promise.all(Array.from({ length: count }, (_, n) => held.trail.operation(sampleOperation(`act-${n}`))))
    await held.trail.close()
    notes.push(readFileSync(join(directory, 'checkpoint'), 'utf8'))
  }
  const Verifier = readFileSync(join(directory, 'verifier'), 'utf8').trim()
  return { Directory: directory, Verifier, Older: notes[0] ?? '', Newer: notes[1] ?? '', Records: entryTexts(directory) }
}

/** The tiles of a tree of two full levels and more, without a log. */
async function large(folder: string, older: number, newer: number): Promise<LogCase> {
  const signer = openLogSigner(folder, 'node1/large')
  const Directory = join(folder, 'large')
  const Records = Array.from({ length: newer }, (_, n) => `record ${n}`)
  const leaves = Records.map(leafHash)
  const edge = new TileEdge()
  for (const leaf of leaves) for (const one of edge.push(leaf)) await writeTile(Directory, one)
  for (const one of edge.partials) await writeTile(Directory, one)
  const olderTree = grown(emptyTree, leaves.slice(0, older))
  const notes = { Older: await signer.checkpoint(olderTree), Newer: await signer.checkpoint(edge.tree) }
  return { Directory, Verifier: verifierText(signer.verifier), ...notes, Records }
}

whereInstalled('go', (go) => {
  test('R6: Go’s sumdb/tlog reads our tiles, and proves records and older checkpoints from them', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ssp-tiles-'))
    try {
      const cases = [
        await recorded(join(folder, 'a'), [3, 200]),
        await recorded(join(folder, 'b'), [256, 256]),
        await recorded(join(folder, 'c'), [700, 801]),
        await large(join(folder, 'd'), 65_537, 66_000),
      ]
      const run = await runGo(go, 'go-tiles', folder, JSON.stringify(cases))
      expect({ error: run.error, said: run.out.toString() }).toEqual({ error: '', said: '4 logs agree\n' })
      const [first] = cases
      const wrong = { ...first, Records: first?.Records.with(100, 'another') }
      expect((await runGo(go, 'go-tiles', folder, JSON.stringify([wrong]))).out.toString()).toMatch(/^record 100: /)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }, 300_000)
})
