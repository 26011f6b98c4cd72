import { generateKeyPairSync, verify } from 'node:crypto'
import { copyFileSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLogSigner } from '../../../src/audit/log-signer.ts'
import { emptyTree, leafHash } from '../../../src/audit/merkle-tree.ts'
import { type ReceiptProof, readReceipt, receiptProblem, receiptText } from '../../../src/audit/receipt-proof.ts'
import { noteVerifier, readCheckpoint, readVerifier, verifierText } from '../../../src/audit/signed-note.ts'
import { verifyAll } from '../../../src/audit/verify.ts'
import { sampleForwarding, sampleOperation, sampleReceipt } from '../../support/audit-entries.ts'
import { segmentsOf, withDataDir } from '../../support/audit-log-text.ts'
import { openHeldTrail } from '../../support/audit-trail-held.ts'
import { runSsp } from '../../support/run-ssp.ts'

const log = 'node1/main'

interface Written {
  readonly directory: string
  readonly receipts: readonly ReceiptProof[]
  readonly checkpoint: string
}

/** A run that records so many operations in one write, after one alone. */
async function written(dataDir: string, together: number): Promise<Written> {
  const { trail, directory } = await openHeldTrail(dataDir)
  const first = await trail.operation(sampleOperation('alone'))
  const rest = await Promise.all(Array.from({ length: together }, (_, n) => trail.operation(sampleOperation(`together-${n}`))))
  await trail.close()
  return { directory, receipts: [first, ...rest], checkpoint: readFileSync(join(directory, 'checkpoint'), 'utf8') }
}

/** What an insider with the disk and no key does: changes a record and mends every hash that the log itself holds. */
async function rewritten(directory: string, change: (act: string) => string | undefined): Promise<void> {
  const acts = segmentsOf(directory)
    .flatMap((path) => readFileSync(path, 'latin1').split('\n'))
    .flatMap((line) => /"act":"([^"]*)"/.exec(line)?.[1] ?? [])
  // Else the start keeps the checkpoint, as evidence, and the tiles contradict what is written.
  for (const path of [...segmentsOf(directory), join(directory, 'checkpoint'), join(directory, 'tile')])
    rmSync(path, { force: true, recursive: true })
  const { trail } = await openHeldTrail(join(directory, '..', '..'))
  for (const act of acts.map(change)) if (act !== undefined) await trail.operation(sampleOperation(act))
  await trail.close()
}

describe('R6: a log that is provable to outsiders', () => {
  test('gives receipts that hold by themselves, in a header below a kilobyte, and for nothing else', async () => {
    await withDataDir(async (dataDir) => {
      const { directory, receipts } = await written(dataDir, 63)
      const verifier = readVerifier(readFileSync(join(directory, 'verifier'), 'utf8'))
      if (verifier === undefined) throw new Error('the verifier key cannot be read')
      expect(receipts.map(({ index }) => index)).toEqual(receipts.map((_, n) => n))
      for (const receipt of receipts) {
        const text = receiptText(receipt)
        expect(text.length).toBeLessThan(1000)
        const read = readReceipt(`Ssp-Receipt: ${text}`)
        expect(read).toEqual(receipt)
        expect(receiptProblem(receipt, verifier)).toBeUndefined()
      }
      const [, receipt] = receipts
      if (receipt === undefined) throw new Error('there is no receipt')
      expect(receiptProblem({ ...receipt, leaf: leafHash('{}') }, verifier)).toMatch(/signature/)
      expect(receiptProblem({ ...receipt, index: receipt.index + 1 }, verifier)).toBeDefined()
      expect(receiptProblem({ ...receipt, index: 99 }, verifier)).toMatch(/path/)
      expect(receiptProblem({ ...receipt, path: receipt.path.slice(1) }, verifier)).toMatch(/path/)
      for (const change of [{ first: 0 }, { count: 62 }, { treeRoot: Buffer.alloc(32) }, { signature: Buffer.alloc(64) }]) {
        expect(receiptProblem({ ...receipt, group: { ...receipt.group, ...change } }, verifier)).toBeDefined()
      }
      expect(receiptProblem(receipt, openLogSigner(join(dataDir, 'other'), log).verifier)).toMatch(/signed with the key/)
      const { key: _key, ...unnamed } = receipt.group
      expect(receiptProblem({ ...receipt, group: unnamed }, verifier)).toBeUndefined()
      expect(receiptProblem({ ...receipt, group: unnamed }, openLogSigner(join(dataDir, 'other'), log).verifier)).toMatch(/signature/)
      expect(receiptProblem({ ...receipt, group: { ...receipt.group, log: 'node2/main' } }, verifier)).toMatch(/node2/)
      for (const text of ['', 'log="x", index=1', receiptText(receipt).slice(0, -1), `${receiptText(receipt)}, x=1`]) {
        expect(readReceipt(text)).toBeUndefined()
      }
    })
  })

  test('R8: a receipt that somebody made up steers no terminal by the name of its log', async () => {
    const text = receiptText({ ...sampleReceipt, group: { ...sampleReceipt.group, log: 'n/w\u001b[2K\u009b1A' } })
    const key = verifierText(noteVerifier('n/w', generateKeyPairSync('ed25519').publicKey))
    const { code, out, error } = await runSsp(['audit', 'verify', '--key', key, '--receipt', text])
    expect({ code, error }).toEqual({ code: 1, error: '' })
    expect(out).toMatch(/^n\/w\ufffd\[2K\ufffd1A {2}BROKEN /)
  })

  test('a receipt is signed as the page says, and counts for no other log of the machine, whose key is the same', async () => {
    await withDataDir(async (dataDir) => {
      const { receipts } = await written(dataDir, 1)
      const [receipt] = receipts
      if (receipt === undefined) throw new Error('there is no receipt')
      const [own, other] = [openLogSigner(dataDir, log).verifier, openLogSigner(dataDir, 'node1/w1').verifier]
      const lines = ['ssp-audit-group-1', log, 0, 1, receipt.leaf.toString('base64'), receipt.group.treeRoot.toString('base64'), '']
      expect(verify(null, Buffer.from(lines.join('\n')), own.key, receipt.group.signature)).toBe(true)
      expect(other.key.equals(own.key)).toBe(true)
      const { key: _own, ...moved } = { ...receipt.group, log: 'node1/w1' }
      expect(receiptProblem({ ...receipt, group: moved }, other)).toMatch(/signature/)
      expect(receiptProblem({ ...receipt, group: { ...moved, key: other.id.toString('hex') } }, other)).toMatch(/signature/)
    })
  })

  test('writes a checkpoint each second in which it grew, and at the end', async () => {
    await withDataDir(async (dataDir) => {
      const { directory, checkpoint } = await written(dataDir, 3)
      const verifier = openLogSigner(dataDir, log).verifier
      expect(readFileSync(join(directory, 'verifier'), 'utf8')).toBe(`${verifierText(verifier)}\n`)
      expect(readCheckpoint(checkpoint, verifier)).toMatchObject({ origin: log, size: 4 })
      expect(readCheckpoint(checkpoint.replace('\n4\n', '\n5\n'), verifier)).toMatch(/not signed/)
      expect(readCheckpoint(checkpoint.replace(log, 'node2/main'), verifier)).toMatch(/of the log node2/)
      expect(readCheckpoint('x', verifier)).toMatch(/no signed note/)
      expect(readCheckpoint('x\n\n', verifier)).toMatch(/no checkpoint/)
    })
  })

  test('shows an end cut off by its own checkpoint', async () => {
    await withDataDir(async (dataDir) => {
      const { directory } = await written(dataDir, 3)
      const path = segmentsOf(directory).at(-1) ?? ''
      writeFileSync(path, readFileSync(path, 'latin1').split('\n').toSpliced(-2, 1).join('\n'))
      const results = await verifyAll(dataDir)
      expect(results.get(log)).toMatchObject({ ok: false, badIndex: 3, problem: expect.stringMatching(/ends before record 3.*checkpoint/) })
    })
  })

  const tamperings = [
    { what: 'edited', change: (act: string) => (act === 'together-1' ? 'other' : act), badIndex: 2 },
    { what: 'removed', change: (act: string) => (act === 'together-1' ? undefined : act), badIndex: 2 },
    { what: 'exchanged for another', change: (act: string) => act.replace(/[12]$/, (n) => String(3 - Number(n))), badIndex: 2 },
  ]
  for (const { what, change, badIndex } of tamperings) {
    test(`shows a record ${what} though every hash was mended and the key was at hand: by a receipt, and by a checkpoint`, async () => {
      await withDataDir(async (dataDir) => {
        const { directory, receipts, checkpoint } = await written(dataDir, 4)
        await rewritten(directory, change)
        expect((await verifyAll(dataDir)).get(log)).toMatchObject({ ok: true })
        const [, , receipt] = receipts
        const byReceipt = await verifyAll(dataDir, { receipts: receipt === undefined ? [] : [receiptText(receipt)] })
        expect(byReceipt.get(log)).toMatchObject({ ok: false, badIndex, problem: expect.stringMatching(/receipt/) })
        const byCheckpoint = await verifyAll(dataDir, { checkpoints: [{ name: 'kept', note: checkpoint }] })
        expect(byCheckpoint.get(log)).toMatchObject({ ok: false, problem: expect.stringMatching(/checkpoint/) })
      })
    })
  }

  test('shows yesterday’s copy put back, and one that went on after it', async () => {
    await withDataDir(async (dataDir) => {
      const { directory } = await written(dataDir, 2)
      cpSync(directory, `${directory}.old`, { recursive: true })
      const second = await openHeldTrail(dataDir)
      for (let n = 0; n < 4; n += 1) await second.trail.operation(sampleOperation(`today-${n}`))
      await second.trail.close()
      const kept = { name: 'kept', note: readFileSync(join(directory, 'checkpoint'), 'utf8') }
      rmSync(directory, { recursive: true })
      cpSync(`${directory}.old`, directory, { recursive: true })
      rmSync(`${directory}.old`, { recursive: true })
      expect((await verifyAll(dataDir)).get(log)).toMatchObject({ ok: true, records: 3 })
      const evidence = { checkpoints: [kept] }
      expect((await verifyAll(dataDir, evidence)).get(log)).toMatchObject({
        ok: false,
        badIndex: 3,
        problem: expect.stringMatching(/ends before/),
      })
      const third = await openHeldTrail(dataDir)
      for (let n = 0; n < 9; n += 1) await third.trail.operation(sampleOperation(`again-${n}`))
      await third.trail.close()
      // The copy’s own checkpoint is older than the one that was kept, so that the records between them are named.
      expect((await verifyAll(dataDir, evidence)).get(log)).toMatchObject({ ok: false, problem: expect.stringMatching(/records 0 to 6/) })
    })
  })

  test('shows a split view by the two checkpoints alone', async () => {
    await withDataDir(async (dataDir) => {
      const { directory } = await written(dataDir, 2)
      const signer = openLogSigner(dataDir, log)
      const { tree } = await signer.group(
        emptyTree,
        [1, 2, 3].map((n) => leafHash(String(n))),
      )
      const evidence = { checkpoints: [{ name: 'theirs', note: await signer.checkpoint(tree) }] }
      expect((await verifyAll(dataDir, evidence)).get(log)).toMatchObject({
        ok: false,
        badIndex: 0,
        problem: expect.stringMatching(/two versions/),
      })
      rmSync(join(directory, 'checkpoint'))
      expect((await verifyAll(dataDir, evidence)).get(log)).toMatchObject({ ok: false, problem: expect.stringMatching(/records 0 to 2/) })
    })
  })

  test('believes no checkpoint under another key, and no key but the one that was kept', async () => {
    await withDataDir(async (dataDir) => {
      const { directory, checkpoint } = await written(dataDir, 2)
      const stranger = openLogSigner(join(dataDir, '..', 'stranger'), log)
      const { tree } = await stranger.group(emptyTree, [leafHash('x')])
      const evidence = { checkpoints: [{ name: 'forged', note: await stranger.checkpoint(tree) }] }
      expect((await verifyAll(dataDir, evidence)).get(log)).toMatchObject({
        ok: false,
        file: 'forged',
        problem: expect.stringMatching(/not signed/),
      })
      expect((await verifyAll(dataDir, { keys: [stranger.verifier] })).get(log)).toMatchObject({
        ok: false,
        problem: expect.stringMatching(/never signed this log/),
      })
      rmSync(join(directory, 'verifier'))
      expect((await verifyAll(dataDir)).get(log)).toMatchObject({ ok: false, problem: expect.stringMatching(/no key/) })
      expect(checkpoint).toContain(`— ${log} `)
    })
  })

  test('an auditor’s copy without any key of people verifies', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      await first.trail.forwarding(sampleForwarding('a'))
      await first.trail.close()
      const copy = join(dataDir, '..', 'copy')
      mkdirSync(join(copy, 'audit', 'node1-main'), { recursive: true })
      for (const name of ['000000000000.log', 'checkpoint', 'verifier']) {
        copyFileSync(join(first.directory, name), join(copy, 'audit', 'node1-main', name))
      }
      expect((await verifyAll(copy)).get(log)).toMatchObject({ ok: true, records: 1 })
    })
  })

  test('a signature that cannot be made confirms nothing', async () => {
    await withDataDir(async (dataDir) => {
      mkdirSync(join(dataDir, 'keys'), { recursive: true, mode: 0o700 })
      writeFileSync(join(dataDir, 'keys', 'log.key'), 'no key', { mode: 0o600 })
      const { trail } = await openHeldTrail(dataDir)
      await expect(trail.operation(sampleOperation())).rejects.toThrow(/takes no record/)
      expect(trail.health.writable).toBe(false)
      await trail.close()
    })
  })
})
