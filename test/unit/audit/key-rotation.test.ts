import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeNextLogKey } from '../../../src/audit/log-key-files.ts'
import { openLogSigner } from '../../../src/audit/log-signer.ts'
import { emptyTree, grown, leafHash } from '../../../src/audit/merkle-tree.ts'
import { type ReceiptProof, readReceipt, receiptProblem, receiptText } from '../../../src/audit/receipt-proof.ts'
import { type NoteVerifier, readCheckpoint, readVerifier } from '../../../src/audit/signed-note.ts'
import { verifyAll } from '../../../src/audit/verify.ts'
import { sampleOperation } from '../../support/audit-entries.ts'
import { segmentsOf, withDataDir } from '../../support/audit-log-text.ts'
import { type HeldTrail, openHeldTrail, until } from '../../support/audit-trail-held.ts'
import { handoverEntries, rotate } from '../../support/rotate-log-key.ts'
import { install } from '../../support/run-ssp.ts'

const log = 'node1/main'

async function act({ trail }: HeldTrail, name: string): Promise<ReceiptProof> {
  return trail.operation(sampleOperation(name))
}

interface Rotated {
  readonly directory: string
  /** One of each key, in order. */
  readonly keys: readonly NoteVerifier[]
  readonly receipts: readonly ReceiptProof[]
  /** The first one under the second key. */
  readonly handoverNote: string
}

/** A log that was signed with three keys, one after the other, with a start in between. */
async function rotatedTwice(dataDir: string): Promise<Rotated> {
  const first = await openHeldTrail(dataDir, { segmentBytes: 4096 })
  const keys = [openLogSigner(dataDir, log).verifier]
  const receipts = [await act(first, 'first')]
  keys.push(await rotate(first, dataDir))
  const handoverNote = readFileSync(join(first.directory, 'checkpoint'), 'utf8')
  receipts.push(await act(first, 'second'))
  await first.trail.close()
  const again = await openHeldTrail(dataDir, { segmentBytes: 4096 })
  keys.push(await rotate(again, dataDir))
  receipts.push(await act(again, 'third'))
  await again.trail.close()
  return { directory: first.directory, keys, receipts, handoverNote }
}

const result = async (dataDir: string, evidence = {}) => (await verifyAll(dataDir, evidence)).get(log)

describe('R6: a log whose key is changed', () => {
  test('records who handed over to whom, goes on under the new key, and verifies from each key that signed it', async () => {
    await withDataDir(async (dataDir) => {
      const { directory, keys, receipts, handoverNote } = await rotatedTwice(dataDir)
      const [first, second, third] = keys as [NoteVerifier, NoteVerifier, NoteVerifier]
      expect(new Set(keys.map(({ id }) => id.toString('hex'))).size).toBe(3)
      expect(handoverEntries(directory)).toHaveLength(2)
      expect(readVerifier(readFileSync(join(directory, 'verifier'), 'utf8'))?.id).toEqual(first.id)
      // The first checkpoint under a new key bears the old one's signature as well; later ones do not.
      for (const key of [first, second]) expect(readCheckpoint(handoverNote, key)).toMatchObject({ origin: log })
      const newest = readFileSync(join(directory, 'checkpoint'), 'utf8')
      expect(readCheckpoint(newest, third)).toMatchObject({ origin: log })
      expect(readCheckpoint(newest, first)).toMatch(/not signed/)
      const texts = receipts.map(receiptText)
      expect(texts.map((text) => readReceipt(text))).toEqual(receipts)
      expect(receipts.map(({ group }) => group.key)).toEqual(keys.map(({ id }) => id.toString('hex')))
      for (const [at, receipt] of receipts.entries()) {
        expect(keys.map((key) => receiptProblem(receipt, key) === undefined)).toEqual(keys.map((_, other) => other === at))
      }
      expect(await result(dataDir)).toMatchObject({ ok: true })
      for (const [at, key] of keys.entries()) {
        expect(await result(dataDir, { keys: [key], receipts: texts.slice(at) })).toMatchObject({ ok: true })
      }
      expect(await result(dataDir, { keys: [third], receipts: texts.slice(0, 1) })).toMatchObject({
        ok: false,
        problem: expect.stringMatching(/signed with the key/),
      })
    })
  })

  test('a checkpoint that was under way when the key changed leaves the next one its two signatures', async () => {
    await withDataDir(async (dataDir) => {
      const signer = openLogSigner(dataDir, log)
      const old = signer.verifier
      const underWay = signer.checkpoint(grown(emptyTree, [leafHash('a')]))
      makeNextLogKey(dataDir)
      expect(signer.use(signer.handover()?.to ?? '')).toBe(true)
      signer.placed(await underWay)
      const next = await signer.checkpoint(grown(emptyTree, [leafHash('a'), leafHash('b')]))
      for (const key of [old, signer.verifier]) expect(readCheckpoint(next, key)).toMatchObject({ origin: log, size: 2 })
      signer.placed(next)
      expect(readCheckpoint(await signer.checkpoint(emptyTree), old)).toMatch(/not signed/)
    })
  })

  test('gives no number again: a newest key that was removed while it signs hands over to the next one that is made', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      await act(held, 'first')
      await rotate(held, dataDir)
      for (const [removed, next] of [
        [['log-2.key'], 'log-3.key'],
        [['log.key', 'log-3.key'], 'log-4.key'],
      ] as const) {
        for (const name of removed) rmSync(join(dataDir, 'keys', name))
        await rotate(held, dataDir)
        expect(existsSync(join(dataDir, 'keys', next))).toBe(true)
        await act(held, next)
      }
      await held.trail.close()
      expect(handoverEntries(held.directory)).toHaveLength(3)
      expect(await result(dataDir)).toMatchObject({ ok: true })
    })
  })

  test('verifies no log for a key that never signed it', async () => {
    await withDataDir(async (dataDir) => {
      await rotatedTwice(dataDir)
      const stranger = openLogSigner(join(dataDir, '..', 'stranger'), log).verifier
      expect(await result(dataDir, { keys: [stranger] })).toMatchObject({
        ok: false,
        problem: expect.stringMatching(/never signed this log/),
      })
    })
  })

  test('verifies a log for all keys that are given, or not at all: one that never signed it is not passed over beside one that did', async () => {
    await withDataDir(async (dataDir) => {
      const { keys, receipts } = await rotatedTwice(dataDir)
      const stranger = openLogSigner(join(dataDir, '..', 'stranger'), log).verifier
      expect(await result(dataDir, { keys, receipts: receipts.map(receiptText) })).toMatchObject({ ok: true })
      expect(await result(dataDir, { keys: keys.toReversed() })).toMatchObject({ ok: true })
      for (const given of [
        [...keys, stranger],
        [stranger, ...keys],
      ])
        expect(await result(dataDir, { keys: given })).toMatchObject({ ok: false, problem: expect.stringMatching(/never signed this log/) })
    })
  })

  test('names the record in which a key that was destroyed could not hand over', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      await act(first, 'before')
      await first.trail.close()
      rmSync(join(dataDir, 'keys', 'log.key'))
      const second = await openHeldTrail(dataDir)
      expect((await act(second, 'after')).index).toBe(2)
      await second.trail.close()
      expect(handoverEntries(second.directory)).toMatchObject([{ detail: { signature: '' } }])
      expect(await result(dataDir)).toMatchObject({
        ok: false,
        badIndex: 1,
        problem: expect.stringMatching(/handed nothing over.*destroyed/),
      })
    })
  })

  test('believes no handover that somebody else wrote', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      await act(held, 'before')
      const trusted = openLogSigner(dataDir, log)
      const forger = openLogSigner(join(dataDir, '..', 'other'), log)
      const [from, to] = [trusted.verifierText, forger.verifierText]
      await held.trail.operation(sampleOperation('log-key', { from, to, signature: Buffer.alloc(64).toString('base64') }))
      await held.trail.close()
      expect(await result(dataDir, { keys: [trusted.verifier] })).toMatchObject({
        ok: false,
        badIndex: 1,
        problem: expect.stringMatching(/handed nothing over/),
      })
    })
  })

  test('a verifier file that was emptied is made anew, and no key is taken for lost', async () => {
    await withDataDir(async (dataDir) => {
      const { directory, keys } = await rotatedTwice(dataDir)
      writeFileSync(join(directory, 'verifier'), '')
      const held = await openHeldTrail(dataDir)
      await act(held, 'after')
      await held.trail.close()
      expect(readVerifier(readFileSync(join(directory, 'verifier'), 'utf8'))?.id).toEqual(keys[0]?.id)
      expect(handoverEntries(directory)).toHaveLength(2)
      expect(await result(dataDir)).toMatchObject({ ok: true })
    })
  })

  test.each([
    { what: 'something else than handovers', keys: [null, 1, {}], problem: /something else than handovers/ },
    { what: 'none, where there were some', keys: [], problem: /other handovers of keys than the records/ },
  ])('a header whose hash was mended is found out when it holds $what', async ({ keys, problem }) => {
    await withDataDir(async (dataDir) => {
      const { directory } = await rotatedTwice(dataDir)
      const last = segmentsOf(directory).at(-1) ?? ''
      const [header = ''] = readFileSync(last, 'latin1').split('\n')
      const { s } = JSON.parse(header) as { s: { prev: string; keys: unknown } }
      const json = JSON.stringify({ ...s, keys })
      const digest = createHash('sha256').update(`ssp-audit-segment-1\n${s.prev}\n${json}`).digest('base64url')
      writeFileSync(last, `{"h":"${digest}","s":${json}}\n`)
      // The checkpoint, whose key then leads nowhere, shows it first; without one the header is named.
      expect(await result(dataDir)).toMatchObject({ ok: false })
      rmSync(join(directory, 'checkpoint'))
      expect(await result(dataDir)).toMatchObject({ ok: false, file: last, line: 1, problem: expect.stringMatching(problem) })
    })
  })

  test('R6: names the first bad record of a log whose handover, and so the key of its checkpoint, is out of reach behind it', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      for (const name of ['one', 'two', 'three', 'four']) await act(held, name)
      const second = await rotate(held, dataDir)
      await act(held, 'five')
      await held.trail.close()
      const [path = ''] = segmentsOf(held.directory)
      const text = readFileSync(path, 'latin1')
      // The first line is the header.
      const lines = text.trimEnd().split('\n')
      const tampered = [
        { record: 2, text: text.replace('"three"', '"thr33"'), problem: /its hash differs; and the checkpoint cannot be believed/ },
        { record: 1, text: lines.toSpliced(2, 1).join('\n'), problem: /record 1 is missing/ },
        { record: 3, text: `${lines.slice(0, 4).join('\n')}\n`, problem: /the log ends before record 5, which there is said to be/ },
        { record: 0, text: lines.slice(0, 1).join('\n'), problem: /the log ends before record 5/ },
      ]
      for (const { record, text: changed, problem } of tampered) {
        writeFileSync(path, changed)
        const named = { ok: false, badIndex: record, problem: expect.stringMatching(problem) }
        expect(await result(dataDir)).toMatchObject(named)
        const kept = await result(dataDir, { keys: [second] })
        expect(kept).toMatchObject({ ok: false, badIndex: record })
      }
      writeFileSync(path, text)
      expect(await result(dataDir)).toMatchObject({ ok: true, records: 6 })
    })
  })

  test('R5: a start finds the key that signs by the log itself, after a kill at whatever moment of the change', async () => {
    await withDataDir(async (dataDir) => {
      const { directory } = await rotatedTwice(dataDir)
      const newest = openLogSigner(dataDir, log).verifierText
      // No checkpoint and no tile is left, and the log is cut behind each line of the segment that holds the first handover.
      const [segments, keys] = [segmentsOf(directory), join(dataDir, 'keys')]
      const last = segments.at(-2) ?? ''
      const lines = readFileSync(last, 'latin1').trimEnd().split('\n')
      for (let count = 2; count <= lines.length; count += 1) {
        const copy = join(dataDir, '..', `copy-${count}`)
        const logs = join(copy, 'audit', 'node1-main')
        mkdirSync(join(copy, 'audit'), { recursive: true, mode: 0o700 })
        cpSync(keys, join(copy, 'keys'), { recursive: true })
        cpSync(directory, logs, { recursive: true, filter: (path) => !path.endsWith('checkpoint') && !path.includes('tile') })
        rmSync(segmentsOf(logs).at(-1) ?? '')
        writeFileSync(segmentsOf(logs).at(-1) ?? '', `${lines.slice(0, count).join('\n')}\n`)
        const held = await openHeldTrail(copy)
        await until(() => {
          held.second()
          return existsSync(join(logs, 'checkpoint')) && JSON.stringify(handoverEntries(logs).at(-1)).includes(newest)
        })
        await act(held, 'after')
        await held.trail.close()
        expect(await result(copy)).toMatchObject({ ok: true })
        // Cut before the first handover, the first key hands over to the newest at once.
        expect(handoverEntries(logs)).toHaveLength(count === 2 ? 1 : 2)
      }
    })
  })
})

describe('ssp audit rotate-key', () => {
  test('records who asks and why before it makes the key, to which the log of commands hands over at its next use', async () => {
    const here = await install()
    try {
      const run = (reason: string) => here.run(['audit', 'rotate-key', '--reason', reason])
      expect(await run('yearly')).toMatchObject({ code: 0, out: expect.stringMatching(/keys[/\\]log-2\.key\n$/) })
      expect(await run('again')).toMatchObject({ code: 0, out: expect.stringMatching(/log-3\.key\n$/) })
      expect((await here.run(['audit', 'rotate-key'])).code).not.toBe(0)
      const verified = await here.run(['audit', 'verify'])
      expect(verified).toMatchObject({ code: 0, out: expect.stringMatching(/\/cli {2}ok {2}3 records/) })
    } finally {
      await here.remove()
    }
  })
})
