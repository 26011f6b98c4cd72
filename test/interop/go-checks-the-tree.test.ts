import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLogSigner } from '../../src/audit/log-signer.ts'
import { isConsistent } from '../../src/audit/merkle-consistency.ts'
import {
  consistencyProof,
  emptyTree,
  grown,
  inclusionProof,
  leafHash,
  rangesOf,
  rootByInclusion,
  rootOf,
} from '../../src/audit/merkle-tree.ts'
import { verifierText } from '../../src/audit/signed-note.ts'
import { randomOf } from '../fuzz/mutations.ts'
import { runGo } from '../support/go-program.ts'
import { whereInstalled } from '../support/outside-program.ts'

const largest = 600
const seed = Number(process.env['SSP_TEST_SEED'] ?? Date.now() % 2 ** 31)

const texts = (nodes: readonly Buffer[]): readonly string[] => nodes.map((node) => node.toString('base64'))

whereInstalled('go', (go) => {
  test(`R6: trees of 1 to ${largest} records, inclusion, consistency and checkpoints are those of Go’s sumdb/tlog and note (seed ${seed})`, async () => {
    const random = randomOf(seed)
    const folder = mkdtempSync(join(tmpdir(), 'ssp-tlog-'))
    try {
      const signer = openLogSigner(folder, 'node1/main')
      const records = Array.from({ length: largest }, (_, n) => JSON.stringify({ n, text: 'x'.repeat(random(40)) }))
      const hashes = records.map(leafHash)
      const at = (index: number): Buffer => hashes[index] as Buffer
      const roots = rangesOf(at)
      const lines: string[] = []
      let tree = emptyTree
      for (let size = 1; size <= largest; size += 1) {
        tree = grown(tree, [at(size - 1)])
        const root = rootOf(tree)
        const [index, older] = [random(size), 1 + random(size)]
        const [included, consistent] = [inclusionProof(roots, index, size), consistencyProof(roots, older, size)]
        const olderRoot = roots(0, older)
        expect(rootByInclusion(at(index), index, size, included)).toEqual(root)
        expect(isConsistent(older, olderRoot, size, root, consistent)).toBe(true)
        expect(isConsistent(older, leafHash('other'), size, root, consistent)).toBe(false)
        if (included.length > 0) expect(rootByInclusion(at(index), index, size, included.slice(1))).not.toEqual(root)
        if (consistent.length > 0) expect(isConsistent(older, olderRoot, size, root, consistent.slice(1))).toBe(false)
        const proofs = {
          Root: root.toString('base64'),
          Included: texts(included),
          OlderRoot: olderRoot.toString('base64'),
          Consistent: texts(consistent),
        }
        const note = { Verifier: verifierText(signer.verifier), Note: await signer.checkpoint(tree) }
        lines.push(JSON.stringify({ ...note, ...proofs, Records: records.slice(0, size), Index: index, Older: older }))
      }
      const run = await runGo(go, 'go-tlog', folder, `${lines.join('\n')}\n`)
      expect({ error: run.error, said: run.out.toString() }).toEqual({ error: '', said: `${largest} cases agree\n` })
    } finally {
      rmSync(folder, { recursive: true })
    }
  }, 300_000)
})
