import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { headerLine, type SegmentHeader } from '../../../src/audit/log-line.ts'
import { openLogSigner } from '../../../src/audit/log-signer.ts'
import { emptyTree, grown } from '../../../src/audit/merkle-tree.ts'
import { receiptText } from '../../../src/audit/receipt-proof.ts'
import { verifyAll } from '../../../src/audit/verify.ts'
import { sampleOperation } from '../../support/audit-entries.ts'
import { segmentsOf, withDataDir } from '../../support/audit-log-text.ts'
import { openHeldTrail } from '../../support/audit-trail-held.ts'
import { recordLine } from '../../support/record-line.ts'
import { handoverEntries, rotate } from '../../support/rotate-log-key.ts'
import { leavesOf } from '../../support/tile-files.ts'

const log = 'node1/main'
const result = async (dataDir: string, evidence = {}) => (await verifyAll(dataDir, evidence)).get(log)
const strangersVerifier = (dataDir: string): string => `${openLogSigner(join(dataDir, '..', 'stranger'), log).verifierText}\n`

describe('R6: whose log it is', () => {
  test('stands beside it, and in its first line, before the first record', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      const text = openLogSigner(dataDir, log).verifierText
      expect(readFileSync(join(directory, 'verifier'), 'utf8')).toBe(`${text}\n`)
      expect(readFileSync(segmentsOf(directory)[0] ?? '', 'latin1')).toContain(`"key":"${text}"`)
      await trail.close()
    })
  })

  test("a start refuses a verifier that was exchanged for a stranger's, writes nothing, and goes on with its own again", async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      await held.trail.operation(sampleOperation('one'))
      await held.trail.close()
      const path = join(held.directory, 'verifier')
      const own = readFileSync(path)
      writeFileSync(path, strangersVerifier(dataDir))
      const before = segmentsOf(held.directory)
      await expect(openHeldTrail(dataDir)).rejects.toMatchObject({ name: 'LogDamaged', message: expect.stringContaining(path) })
      expect(segmentsOf(held.directory)).toEqual(before)
      expect(await result(dataDir)).toMatchObject({ ok: false, problem: expect.stringMatching(/never signed this log/) })
      writeFileSync(path, own)
      const again = await openHeldTrail(dataDir)
      await again.trail.operation(sampleOperation('two'))
      await again.trail.close()
      expect(handoverEntries(held.directory)).toEqual([])
      expect(await result(dataDir)).toMatchObject({ ok: true, records: 2 })
    })
  })

  test('a start refuses to begin a log for a key that is not there', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      await trail.close()
      for (const path of segmentsOf(directory)) rmSync(path)
      writeFileSync(join(directory, 'verifier'), strangersVerifier(dataDir))
      await expect(openHeldTrail(dataDir)).rejects.toMatchObject({ name: 'LogDamaged' })
      expect(segmentsOf(directory)).toEqual([])
    })
  })

  test('a log that an earlier version began, whose headers name no key, goes on under its own and names it from then on', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      await held.trail.close()
      const [path = ''] = segmentsOf(held.directory)
      const { s } = JSON.parse(readFileSync(path, 'latin1')) as { s: SegmentHeader }
      const header = headerLine(JSON.parse(JSON.stringify({ ...s, key: undefined })) as SegmentHeader)
      writeFileSync(path, header.text + recordLine(header.hash, 0, 0, '{"v":1,"type":"operation","act":"old"}').text)
      const again = await openHeldTrail(dataDir)
      await again.trail.operation(sampleOperation('new'))
      await again.trail.close()
      expect(segmentsOf(held.directory).map((one) => readFileSync(one, 'latin1').includes('"key":"'))).toEqual([false, true])
      expect(await result(dataDir, { keys: [openLogSigner(dataDir, log).verifier] })).toMatchObject({ ok: true, records: 2 })
    })
  })

  test('one whose headers name no key verifies for no key that signed nothing of it, though it is given with one that did', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      const old = await held.trail.operation(sampleOperation('old'))
      await held.trail.close()
      const [path = ''] = segmentsOf(held.directory)
      const [first = '', record = ''] = readFileSync(path, 'latin1').split('\n')
      const { s } = JSON.parse(first) as { s: SegmentHeader }
      const header = headerLine(JSON.parse(JSON.stringify({ ...s, key: undefined })) as SegmentHeader)
      const entry = record.slice(record.indexOf('"e":') + 4, -1)
      writeFileSync(path, header.text + recordLine(header.hash, 0, 0, entry).text)
      const own = openLogSigner(dataDir, log).verifier
      const stranger = openLogSigner(join(dataDir, '..', 'stranger'), log).verifier
      expect(await result(dataDir, { keys: [own], receipts: [receiptText(old)] })).toMatchObject({ ok: true, records: 1 })
      for (const keys of [
        [own, stranger],
        [stranger, own],
      ])
        expect(await result(dataDir, { keys })).toMatchObject({
          ok: false,
          problem: expect.stringMatching(/nothing is signed here that the key/),
        })
    })
  })

  test('a log cut back to before a handover does not verify for the holder of the new key, who is told that the handover is missing', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      const { directory } = held
      await held.trail.operation(sampleOperation('one'))
      await held.trail.operation(sampleOperation('two'))
      const second = await rotate(held, dataDir)
      await held.trail.close()
      const [path = ''] = segmentsOf(directory)
      const lines = readFileSync(path, 'latin1').split('\n')
      writeFileSync(path, `${lines.slice(0, 2).join('\n')}\n`)
      rmSync(join(directory, 'tile'), { recursive: true })
      const signer = openLogSigner(dataDir, log)
      writeFileSync(join(directory, 'verifier'), `${signer.verifierText}\n`)
      writeFileSync(join(directory, 'checkpoint'), await signer.checkpoint(grown(emptyTree, leavesOf(directory))))
      for (const evidence of [{}, { keys: [second] }])
        expect(await result(dataDir, evidence)).toMatchObject({
          ok: false,
          problem: expect.stringMatching(/never signed this log: no handover leads to it/),
        })
      await expect(openHeldTrail(dataDir)).rejects.toMatchObject({ name: 'LogDamaged' })
    })
  })
})
