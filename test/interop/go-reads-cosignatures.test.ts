import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLogSigner } from '../../src/audit/log-signer.ts'
import { consistencyProof, emptyTree, grown, leafHash, rangesOf } from '../../src/audit/merkle-tree.ts'
import { verifierText } from '../../src/audit/signed-note.ts'
import { submissionText } from '../../src/audit/witness/submission.ts'
import { createWitness } from '../../src/audit/witness/witness.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { runGo } from '../support/go-program.ts'
import { whereInstalled } from '../support/outside-program.ts'

const sizes = [1, 2, 3, 7, 8, 200, 257]

whereInstalled('go', (go) => {
  test('R6: checkpoints that a witness has cosigned are good to Go’s notes with a cosigner written from C2SP tlog-cosignature', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ssp-cosigned-'))
    try {
      const signer = openLogSigner(join(folder, 'log'), 'node1/main')
      const witness = createWitness(
        join(folder, 'witness'),
        () => ({ name: 'witness.example.org/ssp', logs: new Map([['node1/main', [signer.verifier]]]) }),
        systemClock,
      )
      const leaves = Array.from({ length: 257 }, (_, n) => leafHash(`{"n":${n}}`))
      const roots = rangesOf((index) => leaves[index] as Buffer)
      const lines: string[] = []
      let old = 0
      for (const size of sizes) {
        const note = await signer.checkpoint(grown(emptyTree, leaves.slice(0, size)))
        const proof = old === 0 ? [] : consistencyProof(roots, old, size)
        const { status, text } = await witness.addCheckpoint(submissionText({ old, proof, note }))
        expect(status).toBe(200)
        const kept = readFileSync(join(folder, 'witness', 'witness', 'node1%2Fmain.checkpoint'), 'utf8')
        expect(kept).toBe(`${note}${text}`)
        lines.push(JSON.stringify({ Log: verifierText(signer.verifier), Witness: witness.verifierText(), Note: kept }))
        old = size
      }
      const run = await runGo(go, 'go-cosignature', folder, `${lines.join('\n')}\n`)
      expect({ error: run.error, said: run.out.toString() }).toEqual({
        error: '',
        said: `${sizes.length} cosigned checkpoints are good\n`,
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
