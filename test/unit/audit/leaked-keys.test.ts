import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLogSigner } from '../../../src/audit/log-signer.ts'
import { emptyTree, type Frontier, grown } from '../../../src/audit/merkle-tree.ts'
import { receiptText } from '../../../src/audit/receipt-proof.ts'
import { verifyAll } from '../../../src/audit/verify.ts'
import { sampleOperation } from '../../support/audit-entries.ts'
import { segmentsOf, withDataDir } from '../../support/audit-log-text.ts'
import { openHeldTrail } from '../../support/audit-trail-held.ts'
import { rotate } from '../../support/rotate-log-key.ts'
import { leavesOf } from '../../support/tile-files.ts'

const log = 'node1/main'
const result = async (dataDir: string, evidence = {}) => (await verifyAll(dataDir, evidence)).get(log)

/** Some records, a handover, and three more records, the handover's write and theirs in segments of their own; closed. */
async function handedOver(dataDir: string) {
  const held = await openHeldTrail(dataDir, { segmentBytes: 4096 })
  const old = openLogSigner(dataDir, log)
  const first = old.verifier
  const before = [await held.trail.operation(sampleOperation('one')), await held.trail.operation(sampleOperation('two'))]
  const second = await rotate(held, dataDir)
  for (const name of ['three', 'four', 'five']) await held.trail.operation(sampleOperation(name))
  await held.trail.close()
  const { directory } = held
  return { directory, old, first, second, receipts: before.map(receiptText) }
}

/** The tree of the first so many records. */
const treeOf = (directory: string, size: number): Frontier => grown(emptyTree, leavesOf(directory).slice(0, size))

describe('R6: an old key of a log that leaked', () => {
  test('signs no state beyond the record in which it handed over: a log that was cut behind it is found out', async () => {
    await withDataDir(async (dataDir) => {
      const { directory, old, first, receipts } = await handedOver(dataDir)
      expect(leavesOf(directory)).toHaveLength(6)
      const checkpoint = join(directory, 'checkpoint')
      const signedByOld = async (size: number) => old.checkpoint(treeOf(directory, size))
      const within = { checkpoints: [{ name: 'kept', note: await signedByOld(3) }], receipts }
      expect(await result(dataDir, { keys: [first], ...within })).toMatchObject({ ok: true, records: 6 })
      const beyond = await signedByOld(4)
      expect(await result(dataDir, { checkpoints: [{ name: 'forged', note: beyond }] })).toMatchObject({
        ok: false,
        file: 'forged',
        problem: expect.stringMatching(/handed over in record 2/),
      })
      const path = segmentsOf(directory).find((one) => readFileSync(one, 'latin1').includes('"four"')) ?? ''
      const lines = readFileSync(path, 'latin1').split('\n')
      const cut = lines.findIndex((line) => line.includes('"four"'))
      writeFileSync(path, `${lines.slice(0, cut).join('\n')}\n`)
      for (const later of segmentsOf(directory)) if (later > path) rmSync(later)
      rmSync(join(directory, 'tile'), { recursive: true })
      writeFileSync(checkpoint, beyond)
      for (const evidence of [{}, { keys: [first] }])
        expect(await result(dataDir, evidence)).toMatchObject({
          ok: false,
          file: checkpoint,
          problem: expect.stringMatching(/handed over in record 2/),
        })
    })
  })

  test('signs no receipt of a record behind it, though the record stands there', async () => {
    await withDataDir(async (dataDir) => {
      const { directory, old, first } = await handedOver(dataDir)
      const signed = await old.group(treeOf(directory, 3), leavesOf(directory).slice(3, 4))
      expect(await result(dataDir, { keys: [first], receipts: [receiptText(signed.proof(0))] })).toMatchObject({
        ok: false,
        file: 'Ssp-Receipt',
        problem: expect.stringMatching(/receipt of record 3 cannot be believed.*handed over in record 2/),
      })
    })
  })

  test('no record shares the write of a handover behind it, so that what the old key signed ends with it', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      const acts = ['one', 'log-key', 'two'].map((name) => held.trail.operation(sampleOperation(name)))
      const groups = (await Promise.all(acts)).map(({ group: { first, count } }) => [first, count])
      expect(groups).toEqual([
        [0, 2],
        [0, 2],
        [2, 1],
      ])
      await held.trail.close()
    })
  })
})
