import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { makeNextLogKey } from '../../../src/audit/log-key-files.ts'
import { headerLine, segmentName } from '../../../src/audit/log-line.ts'
import { openLogSigner } from '../../../src/audit/log-signer.ts'
import { receiptText } from '../../../src/audit/receipt-proof.ts'
import { verifyAll } from '../../../src/audit/verify.ts'
import { sampleOperation } from '../../support/audit-entries.ts'
import { segmentsOf, withDataDir } from '../../support/audit-log-text.ts'
import { openHeldTrail, until } from '../../support/audit-trail-held.ts'
import { recordLine } from '../../support/record-line.ts'
import { handoverEntries, rotate } from '../../support/rotate-log-key.ts'

const log = 'node1/main'
const result = async (dataDir: string, evidence = {}) => (await verifyAll(dataDir, evidence)).get(log)
/** A log of three records, ended; what it was signed with, its checkpoint and the receipt of the second. */
async function honest(dataDir: string) {
  const held = await openHeldTrail(dataDir)
  await held.trail.operation(sampleOperation('one'))
  const receipt = receiptText(await held.trail.operation(sampleOperation('two')))
  await held.trail.operation(sampleOperation('three'))
  await held.trail.close()
  const { directory } = held
  const note = readFileSync(join(directory, 'checkpoint'), 'utf8')
  return {
    directory,
    receipt,
    signer: openLogSigner(dataDir, log),
    evidence: { checkpoints: [{ name: 'kept', note }], receipts: [receipt] },
  }
}

/** Writes the log anew, as whoever holds the folder can without any key: a header with these handovers, and records. */
function writeAnew(directory: string, keys: readonly object[], change: object = {}): void {
  for (const path of segmentsOf(directory)) rmSync(path)
  rmSync(join(directory, 'tile'), { recursive: true, force: true })
  const header = { format: 2, log, first: 0, prev: 'A'.repeat(43), tree: [], at: 1, open: [], keys, ...change }
  const lines = [headerLine(header as unknown as Parameters<typeof headerLine>[0])]
  for (const index of [0, 1, 2]) lines.push(recordLine(lines.at(-1)?.hash ?? '', index, index, '{"v":1,"type":"operation","act":"forged"}'))
  writeFileSync(join(directory, segmentName(0)), lines.map(({ text }) => text).join(''), { mode: 0o600 })
}

describe('R6: a log that somebody wrote anew, without the key', () => {
  test('does not verify where its first header claims that the key was handed over before the first record', async () => {
    await withDataDir(async (dataDir) => {
      const { directory, signer, evidence } = await honest(dataDir)
      const forger = openLogSigner(join(dataDir, '..', 'other'), log)
      writeAnew(directory, [{ from: signer.verifierText, to: forger.verifierText, signature: '' }])
      const found = await result(dataDir, { keys: [signer.verifier], ...evidence })
      expect(found).toMatchObject({ ok: false, problem: 'keys are handed over before the first record' })
    })
  })

  test('does not verify for a key where nothing is signed', async () => {
    await withDataDir(async (dataDir) => {
      const { directory, signer } = await honest(dataDir)
      writeAnew(directory, [])
      rmSync(join(directory, 'checkpoint'))
      expect(await result(dataDir, { keys: [signer.verifier] })).toMatchObject({
        ok: false,
        problem: expect.stringContaining('checkpoint is missing'),
      })
    })
  })

  test('is read to its end, whatever number its header names', async () => {
    for (const first of ['1e999', '-1', '0.5']) {
      await withDataDir(async (dataDir) => {
        const { directory } = await honest(dataDir)
        const [path = ''] = segmentsOf(directory)
        const lines = readFileSync(path, 'latin1').split('\n')
        writeFileSync(path, [lines[0]?.replace('"first":0', `"first":${first}`), ...lines.slice(1)].join('\n'))
        expect(await result(dataDir)).toMatchObject({ ok: false, problem: 'the header lacks a field' })
      })
    }
  })
})

test('R5: a log that was cut while nobody wrote it is not signed for in the place of what was: the checkpoint of before is kept, and names it', async () => {
  await withDataDir(async (dataDir) => {
    const { directory } = await honest(dataDir)
    const [path = ''] = segmentsOf(directory)
    const lines = readFileSync(path, 'latin1').split('\n')
    writeFileSync(path, `${lines.slice(0, 3).join('\n')}\n`)
    const held = await openHeldTrail(dataDir)
    for (let nth = 0; nth < 4; nth++) await held.trail.operation(sampleOperation('after'))
    await held.trail.close()
    expect(existsSync(join(directory, 'checkpoint-3'))).toBe(true)
    expect(await result(dataDir)).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/not all those that the checkpoint of 3 records/),
    })
  })
})

test('R6: two receipts of one record that differ are a log that was shown in two versions, in whatever order they are given', async () => {
  await withDataDir(async (dataDir) => {
    const { receipt, directory, signer } = await honest(dataDir)
    for (const name of [...segmentsOf(directory), join(directory, 'checkpoint')]) rmSync(name)
    rmSync(join(directory, 'tile'), { recursive: true })
    const held = await openHeldTrail(dataDir)
    await held.trail.operation(sampleOperation('another'))
    const other = receiptText(await held.trail.operation(sampleOperation('story')))
    await held.trail.close()
    for (const receipts of [
      [receipt, other],
      [other, receipt],
    ])
      expect(await result(dataDir, { keys: [signer.verifier], receipts })).toMatchObject({
        ok: false,
        problem: expect.stringContaining('two versions'),
      })
  })
})

describe('a key that cannot be read', () => {
  test('and signs no more hinders no other one: the next handover is one, and the log verifies', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      await held.trail.operation(sampleOperation('one'))
      await rotate(held, dataDir)
      await held.trail.close()
      writeFileSync(join(dataDir, 'keys', 'log.key'), Buffer.alloc(120))
      const again = await openHeldTrail(dataDir)
      await rotate(again, dataDir)
      for (let nth = 0; nth < 5; nth++) {
        again.second()
        await pause(20)
      }
      await again.trail.operation(sampleOperation('two'))
      await again.trail.close()
      expect(handoverEntries(again.directory)).toHaveLength(2)
      expect(await result(dataDir)).toMatchObject({ ok: true })
    })
  })

  test('and must sign is waited for: nothing is written that another one signed', async () => {
    await withDataDir(async (dataDir) => {
      const { directory } = await honest(dataDir)
      makeNextLogKey(dataDir)
      const path = join(dataDir, 'keys', 'log.key')
      const kept = readFileSync(path)
      writeFileSync(path, Buffer.alloc(kept.length))
      const held = await openHeldTrail(dataDir)
      await expect(held.trail.operation(sampleOperation('unsigned'))).rejects.toThrow(/takes no record/)
      writeFileSync(path, kept)
      await until(() => {
        held.second()
        return handoverEntries(directory).length === 1
      })
      await held.trail.close()
      expect(await result(dataDir)).toMatchObject({ ok: true })
    })
  })
})

test('partial tiles that a power cut left empty are no finding, and the log goes on', async () => {
  await withDataDir(async (dataDir) => {
    const { directory } = await honest(dataDir)
    const partial = join(directory, 'tile', '0', '000.p', '3')
    expect(existsSync(partial)).toBe(true)
    truncateSync(partial, 0)
    expect(await result(dataDir)).toMatchObject({ ok: true, records: 3 })
    mkdirSync(join(directory, 'tile', '0', '000.p', '2'), { recursive: true })
    expect(await result(dataDir)).toMatchObject({ ok: true, records: 3 })
  })
})
