import { readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AuditUnavailable } from '../../../src/audit/audit-trail.ts'
import { diskFiles } from '../../../src/audit/log-file.ts'
import { verifyLog } from '../../../src/audit/verify.ts'
import { refusedCall, sampleForwarding, sampleOperation, sampleOutcome, sampleRefused } from '../../support/audit-entries.ts'
import { entriesOf, segmentsOf, withDataDir } from '../../support/audit-log-text.ts'
import { type HeldTrail, openHeldTrail, until } from '../../support/audit-trail-held.ts'
import { faultyLogFiles } from '../../support/faulty-log-files.ts'
import { whereMountable } from '../../support/small-disk.ts'

/** Lets seconds pass until the trail has found that the disk takes writes again. */
async function untilWritable({ trail, second }: HeldTrail): Promise<void> {
  await until(() => {
    if (!trail.health.writable) second()
    return trail.health.writable
  })
}

describe('R5: a disk that fails', () => {
  for (const fault of ['before', 'midway', 'sync'] as const) {
    test(`a write that fails (${fault}) confirms nothing, leaves nothing, and the service returns by itself`, async () => {
      await withDataDir(async (dataDir) => {
        const held = await openHeldTrail(dataDir)
        const { trail, files, directory, second } = held
        await trail.forwarding(sampleForwarding('before'))
        files.appendFault = fault
        await expect(trail.forwarding(sampleForwarding('lost'))).rejects.toThrow(AuditUnavailable)
        expect(trail.health).toEqual({ writable: false, reason: 'EIO: i/o error' })
        await expect(trail.forwarding(sampleForwarding('at once'))).rejects.toThrow(/EIO/)
        trail.outcome(sampleOutcome('before'))
        trail.refused(refusedCall(sampleRefused('counted')), true)
        const failures = files.failures
        second()
        await until(() => files.failures > failures)
        expect(trail.health.writable).toBe(false)
        files.appendFault = undefined
        await untilWritable(held)
        second()
        expect((await trail.forwarding(sampleForwarding('after'))).index).toBe(3)
        await trail.close()
        expect(entriesOf(directory)).toMatchObject([
          { exchange: 'before', type: 'forwarding' },
          { exchange: 'before', type: 'outcome' },
          { type: 'flood', counts: [{ count: 1 }] },
          { exchange: 'after' },
        ])
        expect(segmentsOf(directory)).toHaveLength(2)
        expect(await verifyLog(directory)).toMatchObject({ ok: true, records: 4, tornTail: false, unfinished: 1 })
      })
    })

    test(`a first write that fails (${fault}) leaves one segment`, async () => {
      await withDataDir(async (dataDir) => {
        const held = await openHeldTrail(dataDir)
        const { trail, files, directory } = held
        files.appendFault = fault
        await expect(trail.operation(sampleOperation())).rejects.toThrow(AuditUnavailable)
        files.appendFault = undefined
        await untilWritable(held)
        expect((await trail.operation(sampleOperation())).index).toBe(0)
        await trail.close()
        expect(segmentsOf(directory)).toHaveLength(1)
        expect(await verifyLog(directory)).toMatchObject({ ok: true, records: 1 })
      })
    })

    test(`a process that ends after a failed write (${fault}) resumes cleanly`, async () => {
      await withDataDir(async (dataDir) => {
        const first = await openHeldTrail(dataDir)
        await first.trail.operation(sampleOperation('kept'))
        first.files.appendFault = fault
        first.files.truncateFault = true
        await expect(first.trail.operation(sampleOperation('lost'))).rejects.toThrow(AuditUnavailable)
        await first.trail.close()
        const second = await openHeldTrail(dataDir)
        await second.trail.operation(sampleOperation('after'))
        await second.trail.close()
        const acts = entriesOf(first.directory).map((entry) => entry.type === 'operation' && entry.act)
        // After a failed sync the record stands there whole: nobody was told so, and it does no harm.
        expect(acts).toEqual(fault === 'sync' ? ['kept', 'lost', 'after'] : ['kept', 'after'])
        expect(await verifyLog(first.directory)).toMatchObject({ ok: true, tornTail: false })
      })
    })
  }

  test('writes nothing while the unconfirmed end cannot be cut off, nor while no file can be made', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      const { trail, files, second } = held
      await trail.operation(sampleOperation())
      files.appendFault = 'midway'
      await expect(trail.operation(sampleOperation())).rejects.toThrow(AuditUnavailable)
      files.appendFault = undefined
      for (const fault of ['truncateFault', 'createFault'] as const) {
        files[fault] = true
        const failures = files.failures
        second()
        await until(() => files.failures > failures)
        expect(trail.health.writable).toBe(false)
        files[fault] = false
      }
      await untilWritable(held)
      await trail.close()
    })
  })

  test('what came during the failing write is refused too, outcomes are kept in their order', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      const { trail, files, directory } = held
      for (const exchange of ['a', 'b']) await trail.forwarding(sampleForwarding(exchange))
      const release = files.hold()
      files.appendFault = 'sync'
      trail.outcome(sampleOutcome('a'))
      await new Promise(setImmediate)
      trail.outcome(sampleOutcome('b'))
      const late = trail.forwarding(sampleForwarding('c'))
      release()
      await expect(late).rejects.toThrow(AuditUnavailable)
      files.appendFault = undefined
      await untilWritable(held)
      await trail.close()
      expect(entriesOf(directory)).toMatchObject([{}, {}, { type: 'outcome', exchange: 'a' }, { type: 'outcome', exchange: 'b' }])
      expect(await verifyLog(directory)).toMatchObject({ ok: true, unfinished: 0 })
    })
  })

  for (const [what, change] of [
    ['removed', (path: string) => rmSync(path)],
    ['replaced', (path: string) => renameSync(path, `${path}.away`)],
    ['cut', (path: string) => truncateSync(path, 100)],
  ] as const)
    test(`a segment that is ${what} while it is written takes no more records, and confirms none`, async () => {
      await withDataDir(async (dataDir) => {
        const held = await openHeldTrail(dataDir)
        const { trail, directory, second } = held
        await trail.forwarding(sampleForwarding('one'))
        const [path = ''] = segmentsOf(directory)
        change(path)
        second()
        await until(() => !trail.health.writable)
        expect(trail.health.reason).toContain(`${path} was removed, replaced or cut`)
        await expect(trail.forwarding(sampleForwarding('two'))).rejects.toThrow(AuditUnavailable)
        await until(() => {
          second()
          return /ENOENT|shorter/.test(trail.health.reason ?? '')
        })
        if (what === 'replaced') {
          renameSync(`${path}.away`, path)
          await untilWritable(held)
          await trail.forwarding(sampleForwarding('three'))
        }
        await trail.close()
        expect(await verifyLog(directory)).toMatchObject(what === 'replaced' ? { ok: true, records: 2 } : {})
      })
    })

  test('closes in the face of a dead disk, and the next start closes its exchanges', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      await first.trail.forwarding(sampleForwarding('a'))
      first.files.appendFault = 'before'
      first.trail.outcome(sampleOutcome('a'))
      await first.trail.close()
      const second = await openHeldTrail(dataDir)
      await second.trail.close()
      expect(entriesOf(first.directory)).toMatchObject([{ type: 'forwarding' }, { type: 'outcome', end: 'interrupted' }])
    })
  })

  test('starts on a disk that takes nothing, and says so', async () => {
    await withDataDir(async (dataDir) => {
      const files = faultyLogFiles()
      files.createFault = true
      const held = await openHeldTrail(dataDir, {}, files)
      const { trail } = held
      expect(trail.health.writable).toBe(false)
      files.createFault = false
      await untilWritable(held)
      await trail.close()
    })
  })

  test('a disk that does not answer for five seconds is said to be out, and nothing more is taken, until it answers', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, files, directory, second } = await openHeldTrail(dataDir)
      const release = files.hold()
      const slow = trail.forwarding(sampleForwarding('slow'))
      await new Promise(setImmediate)
      for (let n = 0; n < 5; n += 1) second()
      expect(trail.health.writable).toBe(true)
      second()
      expect(trail.health).toEqual({ writable: false, reason: 'the disk has not answered for 5 seconds' })
      await expect(trail.forwarding(sampleForwarding('more'))).rejects.toThrow(/not answered/)
      trail.outcome(sampleOutcome('slow'))
      release()
      expect(await slow).toMatchObject({ index: 0 })
      await until(() => trail.health.writable)
      await trail.close()
      expect(await verifyLog(directory)).toMatchObject({ ok: true, records: 2, unfinished: 0 })
    })
  })

  test('what waits for the disk is bounded: beyond it, refused at once', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      const { trail, files } = held
      const release = files.hold()
      const detail = { text: 'x'.repeat(1_000_000) }
      const results = Array.from({ length: 80 }, () => trail.operation(sampleOperation('big', detail)).catch((error: unknown) => error))
      const unavailable = (await Promise.race([results.at(-1), new Promise((resolve) => setImmediate(resolve))])) as Error
      expect(unavailable).toBeInstanceOf(AuditUnavailable)
      release()
      const settled = await Promise.all(results)
      expect(settled.filter((result) => result instanceof AuditUnavailable)).toHaveLength(13)
      await trail.close()
    })
  })
})

whereMountable('R5', '256k', (smallDisk) => {
  test('R5: a disk that is really full refuses, and serves again once there is space', async () => {
    const dataDir = join(smallDisk, 'data')
    const files = { ...faultyLogFiles(), create: diskFiles.create }
    const held = await openHeldTrail(dataDir, { reserveBytes: 0 }, files)
    const { trail, directory } = held
    const ballast = join(smallDisk, 'ballast')
    writeFileSync(ballast, Buffer.alloc(100_000))
    let confirmed = 0
    let refusal: unknown
    while (refusal === undefined) {
      try {
        await trail.forwarding(sampleForwarding(`x${confirmed}`))
        confirmed += 1
      } catch (error) {
        refusal = error
      }
    }
    expect(refusal).toBeInstanceOf(AuditUnavailable)
    expect(trail.health).toEqual({ writable: false, reason: 'the disk is full (ENOSPC)' })
    for (let n = 0; n < confirmed; n += 1) trail.outcome(sampleOutcome(`x${n}`))
    rmSync(ballast)
    await untilWritable(held)
    await trail.forwarding(sampleForwarding('after'))
    await trail.close()
    expect(await verifyLog(directory)).toMatchObject({ ok: true, records: 2 * confirmed + 1, unfinished: 1, tornTail: false })
    expect(readFileSync(segmentsOf(directory)[0] ?? '', 'latin1').endsWith('\n')).toBe(true)
  })
})
