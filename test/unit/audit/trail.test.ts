import { chmodSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { auditSettings } from '../../../src/audit/audit-settings.ts'
import { AuditUnavailable } from '../../../src/audit/audit-trail.ts'
import type { FloodEntry } from '../../../src/audit/entry.ts'
import { openAuditTrail } from '../../../src/audit/trail.ts'
import { verifyAll, verifyLog } from '../../../src/audit/verify.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { refusedCall, sampleForwarding, sampleOperation, sampleOutcome, sampleRefused } from '../../support/audit-entries.ts'
import { entriesOf, segmentsOf, withDataDir } from '../../support/audit-log-text.ts'
import { openHeldTrail, until } from '../../support/audit-trail-held.ts'

describe('the audit trail', () => {
  test('gives each entry its place, in order, and verifies', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      expect(await trail.operation(sampleOperation())).toMatchObject({ index: 0, group: { log: 'node1/main' } })
      expect(await trail.forwarding(sampleForwarding('a'))).toMatchObject({ index: 1, group: { log: 'node1/main' } })
      expect(trail.open).toBe(1)
      trail.outcome(sampleOutcome('a'))
      expect(trail.open).toBe(0)
      await trail.close()
      expect(entriesOf(directory)).toEqual([sampleOperation(), sampleForwarding('a'), sampleOutcome('a')])
      expect(await verifyLog(directory)).toMatchObject({
        ok: true,
        log: 'node1/main',
        records: 3,
        firstIndex: 0,
        lastIndex: 2,
        unfinished: 0,
      })
    })
  })

  test('goes on where the last run stopped, though the clock stepped back a day', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      await first.trail.operation(sampleOperation('start'))
      await first.trail.close()
      const second = await openHeldTrail(dataDir)
      second.time.now -= 86_400_000
      expect(await second.trail.operation(sampleOperation('start'))).toMatchObject({ index: 1, group: { log: 'node1/main' } })
      await second.trail.close()
      expect([...(await verifyAll(dataDir))]).toEqual([['node1/main', expect.objectContaining({ ok: true, records: 2 })]])
    })
  })

  test('appends made during one write share the next', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, files } = await openHeldTrail(dataDir)
      const release = files.hold()
      const before = files.appends
      const first = trail.forwarding(sampleForwarding('first'))
      await new Promise(setImmediate)
      const rest = Array.from({ length: 500 }, (_, n) => trail.forwarding(sampleForwarding(`rest-${n}`)))
      release()
      const receipts = await Promise.all([first, ...rest])
      expect(files.appends - before).toBe(2)
      expect(receipts.map(({ index }) => index)).toEqual(receipts.map((_, n) => n))
      await trail.close()
    })
  })

  test('a delay, where one is set, gathers what comes within it', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, files } = await openHeldTrail(dataDir, { groupDelayMs: 20 })
      const before = files.appends
      const first = trail.operation(sampleOperation('one'))
      await new Promise(setImmediate)
      await Promise.all([first, trail.operation(sampleOperation('two'))])
      expect(files.appends - before).toBe(1)
      await trail.close()
    })
  })

  test('goes on in a new segment, and the chain with it', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir, { segmentBytes: 4096 })
      await trail.forwarding(sampleForwarding('long'))
      for (let n = 0; n < 20; n += 1) {
        await trail.forwarding(sampleForwarding(`x${n}`))
        trail.outcome(sampleOutcome(`x${n}`))
      }
      await trail.close()
      expect(segmentsOf(directory).length).toBeGreaterThan(5)
      const header: unknown = JSON.parse(readFileSync(segmentsOf(directory).at(-1) ?? '', 'latin1').split('\n')[0] ?? '')
      expect(header).toMatchObject({ s: { format: 2, log: 'node1/main', open: expect.arrayContaining(['long']) } })
      expect(await verifyLog(directory)).toMatchObject({ ok: true, records: 41, unfinished: 1 })
    })
  })

  test('gives an exchange one outcome and no second', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      trail.outcome(sampleOutcome('never forwarded'))
      const early = trail.forwarding(sampleForwarding('early'))
      trail.outcome(sampleOutcome('early'))
      await early
      trail.outcome(sampleOutcome('early', { status: 500 }))
      expect(trail.open).toBe(0)
      await trail.close()
      expect(entriesOf(directory)).toEqual([sampleForwarding('early'), sampleOutcome('early')])
    })
  })

  test('writes an outcome that was given while its forwarding entry was being written, though the trail closes', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      void trail.forwarding(sampleForwarding('early'))
      trail.outcome(sampleOutcome('early'))
      await trail.close()
      expect(await verifyLog(directory)).toMatchObject({ ok: true, records: 2, unfinished: 0 })
    })
  })

  test('refuses a second forwarding entry of an open exchange', async () => {
    await withDataDir(async (dataDir) => {
      const { trail } = await openHeldTrail(dataDir)
      await trail.forwarding(sampleForwarding('a'))
      await expect(trail.forwarding(sampleForwarding('a'))).rejects.toThrow(AuditUnavailable)
      await trail.close()
    })
  })

  test('refuses an entry of more than 1 MiB, and counts such a refused call', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      const url = 'x'.repeat(1_048_576)
      await expect(trail.forwarding(sampleForwarding('a', { personal: { url } }))).rejects.toThrow(/1048576 of an entry/)
      trail.refused(refusedCall(sampleRefused('b', { personal: { url } })), true)
      await trail.close()
      expect(entriesOf(directory)).toMatchObject([{ type: 'flood', counts: [{ rule: 'wire-form', status: 400, count: 1 }] }])
    })
  })

  test('closes the exchanges that the last run left open as interrupted', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      for (const exchange of ['a', 'b', 'c']) await first.trail.forwarding(sampleForwarding(exchange))
      first.trail.outcome(sampleOutcome('b'))
      await first.trail.close()
      expect(await verifyLog(first.directory)).toMatchObject({ ok: true, unfinished: 2 })
      const second = await openHeldTrail(dataDir)
      await second.trail.close()
      const interrupted = entriesOf(first.directory).slice(4)
      expect(interrupted).toMatchObject([
        { type: 'outcome', exchange: 'a', end: 'interrupted', origin: 'proxy' },
        { type: 'outcome', exchange: 'c', end: 'interrupted', origin: 'proxy' },
      ])
      expect(await verifyLog(first.directory)).toMatchObject({ ok: true, unfinished: 0 })
    })
  })

  test('O3: single records and counts add up to the refused calls, and the rest of the process is limited', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory, second } = await openHeldTrail(dataDir)
      for (let pass = 0; pass < 3; pass += 1) {
        for (let n = 0; n < 1000; n += 1) {
          const consumer = n % 2 === 0 ? { address: '10.0.0.1' } : { address: `10.1.${n >> 8}.${n & 255}` }
          trail.refused(refusedCall(sampleRefused(`${pass}-${n}`, { consumer, status: 496, rule: 'client-certificate' })), true)
        }
        second()
      }
      for (let n = 0; n < 50; n += 1) trail.refused(refusedCall(sampleRefused(`admitted-${n}`)), false)
      await trail.close()
      const entries = entriesOf(directory)
      const singles = entries.filter((entry) => entry.type === 'refused' && entry.rule === 'client-certificate')
      const floods = entries.filter((entry): entry is FloodEntry => entry.type === 'flood')
      const counted = floods.flatMap(({ counts }) => counts).reduce((sum, { count }) => sum + count, 0)
      expect(singles).toHaveLength(300)
      expect(floods).toHaveLength(3)
      expect(singles.length + counted).toBe(3000)
      expect(entries.filter((entry) => entry.type === 'refused')).toHaveLength(350)
      expect(floods[0]?.counts).toContainEqual({ rule: 'client-certificate', status: 496, key: '10.0.0.1', count: 490 })
    })
  })

  test('what is recorded behind a refused call stands behind it', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      trail.refused(refusedCall(sampleRefused('a')), false)
      await trail.forwarding(sampleForwarding('b'))
      trail.refused(refusedCall(sampleRefused('c')), false)
      trail.outcome(sampleOutcome('b'))
      trail.refused(refusedCall(sampleRefused('d')), false)
      await trail.operation(sampleOperation())
      expect(entriesOf(directory).map(({ type }) => type)).toEqual(['refused', 'forwarding', 'refused', 'outcome', 'refused', 'operation'])
      await trail.close()
    })
  })

  test('a refused call is recorded though nothing else is', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      trail.refused(refusedCall(sampleRefused('a')), false)
      await until(() => entriesOf(directory).length === 1)
      for (let n = 0; n < 40; n += 1) trail.refused(refusedCall(sampleRefused(`b${n}`)), false)
      await until(() => entriesOf(directory).length === 41)
      await trail.close()
    })
  })

  test('records of refused calls share a write within their delay, and have one each where there is none', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, files, directory } = await openHeldTrail(dataDir, { refusalDelayMs: 500 })
      const before = files.appends
      for (let n = 0; n < 3; n += 1) for (let m = 0; m < 16; m += 1) trail.refused(refusedCall(sampleRefused(`${n}-${m}`)), false)
      await until(() => files.appends > before)
      expect(entriesOf(directory)).toHaveLength(48)
      await trail.close()
    })
    await withDataDir(async (dataDir) => {
      const { trail, files, directory } = await openHeldTrail(dataDir, { refusalDelayMs: 0 })
      const before = files.appends
      for (let n = 1; n <= 3; n += 1) {
        trail.refused(refusedCall(sampleRefused(`${n}`)), false)
        await until(() => files.appends - before === n)
      }
      expect(entriesOf(directory)).toHaveLength(3)
      await trail.close()
    })
  })

  test('a refused call whose record cannot be made is counted, and harms nobody', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      const entry = (): never => {
        throw new Error('no record')
      }
      trail.refused({ ...refusedCall(sampleRefused('a')), entry }, false)
      trail.refused(refusedCall(sampleRefused('b')), false)
      await trail.close()
      expect(entriesOf(directory)).toMatchObject([{ type: 'refused' }, { type: 'flood', counts: [{ count: 1 }] }])
    })
  })

  test('below the reserve only forwarded calls are recorded, below half of it only outcomes, and the rest is counted until space returns', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, files, directory, second } = await openHeldTrail(dataDir, { reserveBytes: 1000 })
      await trail.forwarding(sampleForwarding('a'))
      files.freeSpace = 999
      second()
      await new Promise(setImmediate)
      trail.refused(refusedCall(sampleRefused('b')), false)
      await expect(trail.operation(sampleOperation())).rejects.toThrow(/less than 1000 bytes/)
      await trail.forwarding(sampleForwarding('c'))
      expect(trail.health).toEqual({ writable: true })
      files.freeSpace = 499
      second()
      await until(() => !trail.health.writable)
      await expect(trail.forwarding(sampleForwarding('d'))).rejects.toThrow(AuditUnavailable)
      trail.outcome(sampleOutcome('a'))
      files.freeSpace = 5000
      second()
      await until(() => trail.health.writable)
      second()
      await trail.operation(sampleOperation('stop'))
      await trail.close()
      expect(entriesOf(directory).map(({ type }) => type)).toEqual(['forwarding', 'forwarding', 'outcome', 'flood', 'operation'])
    })
  })

  test('R8: what a caller sends stays inside its line', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      const hostile = 'x\n{"i":1,"g":1,"h":"","e":{}}\r\n\u001b[2J</script>\u2028\u009b=cmd'
      await trail.forwarding(sampleForwarding('a', { personal: { url: hostile } }))
      await trail.close()
      const text = readFileSync(segmentsOf(directory)[0] ?? '', 'latin1')
      expect(text).toMatch(/^[ -;=-~\n]*$/)
      expect(text.split('\n')).toHaveLength(3)
      expect(entriesOf(directory)).toMatchObject([{ personal: { url: hostile } }])
    })
  })

  test('refuses entries after closing', async () => {
    await withDataDir(async (dataDir) => {
      const { trail } = await openHeldTrail(dataDir)
      await Promise.all([trail.close(), trail.close()])
      await expect(trail.forwarding(sampleForwarding('a'))).rejects.toThrow(/closed/)
      await expect(trail.operation(sampleOperation())).rejects.toThrow(/closed/)
      trail.refused(refusedCall(sampleRefused('b')), true)
      trail.outcome(sampleOutcome('a'))
      expect(trail.health).toEqual({ writable: false, reason: 'it is closed' })
    })
  })

  test('makes its files private, and refuses a data directory that is not', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      await trail.close()
      expect(statSync(dataDir).mode & 0o777).toBe(0o700)
      expect(statSync(directory).mode & 0o777).toBe(0o700)
      for (const path of [...segmentsOf(directory), join(directory, 'lock')]) expect(statSync(path).mode & 0o777).toBe(0o600)
      chmodSync(segmentsOf(directory)[0] ?? '', 0o644)
      await expect(openHeldTrail(dataDir)).rejects.toThrow(/mode 644.*chmod 600/)
      chmodSync(dataDir, 0o750)
      await expect(openHeldTrail(dataDir)).rejects.toThrow(/mode 750.*chmod 700/)
    })
  })

  test('one log has one writer; the next may write once the first has closed', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      await expect(openHeldTrail(dataDir)).rejects.toThrow(`being written by process ${process.pid}`)
      await first.trail.operation(sampleOperation())
      await first.trail.close()
      const second = await openHeldTrail(dataDir)
      await second.trail.close()
    })
  })

  test('two workers write two logs side by side', async () => {
    await withDataDir(async (dataDir) => {
      mkdirSync(dataDir, { mode: 0o700 })
      const settings = auditSettings.parse({ node: 'node1' })
      const trails = await Promise.all(['w1', 'w2'].map((worker) => openAuditTrail(settings, dataDir, { clock: systemClock, worker })))
      for (const trail of trails) expect((await trail.operation(sampleOperation())).index).toBe(0)
      await Promise.all(trails.map((trail) => trail.close()))
      expect([...(await verifyAll(dataDir)).keys()]).toEqual(['node1/w1', 'node1/w2'])
      await expect(openAuditTrail(settings, dataDir, { clock: systemClock, worker: '../w' })).rejects.toThrow(RangeError)
    })
  })
})

describe('the audit settings', () => {
  test('have a default for each, and refuse what they do not know', () => {
    expect(auditSettings.parse({})).toMatchObject({
      segmentBytes: 67_108_864,
      groupDelayMs: 0,
      refusalDelayMs: 200,
      reserveBytes: 67_108_864,
      flood: { perKeyPerSecond: 10, perProcessPerSecond: 100 },
      sync: 'always',
    })
    expect(auditSettings.safeParse({ sync: 'never' }).success).toBe(false)
    expect(auditSettings.safeParse({ node: '../x' }).success).toBe(false)
    expect(auditSettings.safeParse({ colour: 'red' }).success).toBe(false)
  })
})
