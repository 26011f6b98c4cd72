import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeNextLogKey } from '../../../src/audit/log-key-files.ts'
import { openLogSigner } from '../../../src/audit/log-signer.ts'
import { readCheckpoint } from '../../../src/audit/signed-note.ts'
import { verifyAll } from '../../../src/audit/verify.ts'
import { sampleOperation } from '../../support/audit-entries.ts'
import { withDataDir } from '../../support/audit-log-text.ts'
import { type HeldTrail, openHeldTrail, until } from '../../support/audit-trail-held.ts'
import { handoverEntries, rotate } from '../../support/rotate-log-key.ts'

const log = 'node1/main'
const checkpointOf = ({ directory }: HeldTrail): string => join(directory, 'checkpoint')

/** Lets seconds pass until so many more checkpoints have failed. */
async function fail(held: HeldTrail, count: number): Promise<void> {
  const from = held.trail.proofs.checkpointFailures
  await until(() => {
    held.second()
    return held.trail.proofs.checkpointFailures >= from + count
  })
}

describe('R5: a checkpoint that cannot be written', () => {
  test('is counted each time, told once and again when it succeeds, and costs no record', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      mkdirSync(checkpointOf(held), { mode: 0o700 })
      await held.trail.operation(sampleOperation('one'))
      await fail(held, 3)
      expect(held.trail.proofs.checkpointFault).toMatch(/EISDIR|directory/)
      expect(held.trail.health).toEqual({ writable: true })
      expect(held.told).toEqual([expect.stringMatching(/^the checkpoint of the log node1\/main cannot be signed or written: .*directory/)])
      rmdirSync(checkpointOf(held))
      await until(() => {
        held.second()
        return held.trail.proofs.checkpointFault === undefined
      })
      expect(held.told.slice(1)).toEqual(['the checkpoint of the log node1/main is written again'])
      await held.trail.close()
      expect((await verifyAll(dataDir)).get(log)).toMatchObject({ ok: true })
    })
  })

  test('keeps the signatures of the keys of before, of all that handed over meanwhile, for the first one that is written', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      await held.trail.operation(sampleOperation('one'))
      const keys = [openLogSigner(dataDir, log).verifier]
      mkdirSync(checkpointOf(held), { mode: 0o700 })
      for (const count of [1, 2]) {
        makeNextLogKey(dataDir)
        keys.push(openLogSigner(dataDir, log).verifier)
        await until(() => {
          held.second()
          return handoverEntries(held.directory).length === count
        })
        await fail(held, 2)
      }
      rmdirSync(checkpointOf(held))
      await until(() => {
        held.second()
        return held.trail.proofs.checkpointFault === undefined
      })
      const first = readFileSync(checkpointOf(held), 'utf8')
      for (const key of keys) expect(readCheckpoint(first, key)).toMatchObject({ origin: log })
      await held.trail.operation(sampleOperation('two'))
      await held.trail.close()
      const next = readFileSync(checkpointOf(held), 'utf8')
      expect(keys.map((key) => typeof readCheckpoint(next, key) === 'string')).toEqual([true, true, false])
    })
  })

  test('keeps them across a start: the first checkpoint that is written after it bears the signature of the key before, too', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      await held.trail.operation(sampleOperation('one'))
      const first = openLogSigner(dataDir, log).verifier
      mkdirSync(checkpointOf(held), { mode: 0o700 })
      makeNextLogKey(dataDir)
      await until(() => {
        held.second()
        return handoverEntries(held.directory).length === 1
      })
      await held.trail.close()
      rmdirSync(checkpointOf(held))
      const again = await openHeldTrail(dataDir)
      await again.trail.operation(sampleOperation('two'))
      await again.trail.close()
      for (const key of [first, openLogSigner(dataDir, log).verifier])
        expect(readCheckpoint(readFileSync(checkpointOf(again), 'utf8'), key)).toMatchObject({ size: 3 })
    })
  })
})

describe('R6: a key of the log that is lost', () => {
  test('while it signs is told at once, and the next key that is made still gets its signature', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      await held.trail.operation(sampleOperation('one'))
      held.second()
      expect(held.trail.proofs.keyFault).toBeUndefined()
      const path = join(dataDir, 'keys', 'log.key')
      const bytes = readFileSync(path)
      for (const lose of [() => rmSync(path), () => writeFileSync(path, Buffer.alloc(bytes.length))]) {
        lose()
        held.second()
        expect(held.trail.proofs.keyFault).toMatch(/node1\/main.*rotate-key/)
        writeFileSync(path, bytes, { mode: 0o600 })
        held.second()
        expect(held.trail.proofs.keyFault).toBeUndefined()
      }
      expect(readdirSync(join(dataDir, 'keys')).filter((name) => name.startsWith('log'))).toEqual(['log.key', 'log.number'])
      rmSync(path)
      await rotate(held, dataDir)
      held.second()
      expect(held.trail.proofs.keyFault).toBeUndefined()
      await held.trail.close()
      expect((await verifyAll(dataDir)).get(log)).toMatchObject({ ok: true })
    })
  })

  test('before a start is told until a key hands over again that is there', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      await first.trail.operation(sampleOperation('one'))
      await first.trail.close()
      rmSync(join(dataDir, 'keys', 'log.key'))
      for (const name of ['two', 'three']) {
        const held = await openHeldTrail(dataDir)
        await held.trail.operation(sampleOperation(name))
        held.second()
        expect(held.trail.proofs.keyFault).toMatch(/node1\/main.*without the signature/)
        await held.trail.close()
      }
      const held = await openHeldTrail(dataDir)
      await rotate(held, dataDir)
      held.second()
      expect(held.trail.proofs.keyFault).toBeUndefined()
      await held.trail.close()
    })
  })
})
