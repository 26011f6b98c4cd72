import { execFile } from 'node:child_process'
import { chmodSync, existsSync, linkSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { openPeriodKeys } from '../../../src/audit/period-keys.ts'
import { verifyLog } from '../../../src/audit/verify.ts'
import { sampleForwarding, sampleOutcome } from '../../support/audit-entries.ts'
import { entriesOf, segmentsOf, withDataDir } from '../../support/audit-log-text.ts'
import { openHeldTrail } from '../../support/audit-trail-held.ts'

const november = Date.UTC(2026, 10, 26)
const december = Date.UTC(2026, 11, 1)
const log = 'node1/main'
const number = '9690937278'
const run = promisify(execFile)

describe('the keys of periods', () => {
  test('seal for one record of one log: anywhere else, or with a bit changed, nothing opens', async () => {
    await withDataDir(async (dataDir) => {
      const keys = openPeriodKeys(dataDir)
      await fc.assert(
        fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.nat(), fc.nat(), async (url, index, at) => {
          const stored = keys.seal(JSON.stringify({ url }), [], november, log, index)
          expect(openPeriodKeys(dataDir).open(stored, log, index)).toEqual({ url })
          expect(keys.open(stored, log, index + 1)).toBeUndefined()
          expect(keys.open(stored, 'node1/w2', index)).toBeUndefined()
          const bytes = Buffer.from(stored.sealed ?? '', 'base64url')
          const changed = bytes.with(at % bytes.length, (bytes[at % bytes.length] ?? 0) ^ 1)
          expect(keys.open({ ...stored, sealed: Buffer.from(changed).toString('base64url') }, log, index)).toBeUndefined()
          expect(keys.open({ ...stored, sealed: 'AAAA' }, log, index)).toBeUndefined()
          expect(keys.open({ ...stored, period: '../x' }, log, index)).toBeUndefined()
        }),
        { numRuns: 50 },
      )
    })
  })

  test('one text sealed twice is two texts', async () => {
    await withDataDir(async (dataDir) => {
      const keys = openPeriodKeys(dataDir)
      const sealed = Array.from({ length: 1000 }, () => keys.seal('{}', [], november, log, 1).sealed?.slice(0, 16))
      expect(new Set(sealed).size).toBe(1000)
    })
  })

  test('a number has one hash in a period, in all logs and processes, and another in the next', async () => {
    await withDataDir(async (dataDir) => {
      const keys = openPeriodKeys(dataDir)
      const { subjects: [hash] = [] } = keys.seal('{}', [number], november, log, 1)
      expect(keys.seal('{}', [number], november, 'node1/w2', 7).subjects).toEqual([hash])
      expect(openPeriodKeys(dataDir).subjectHash('2026-11', number)).toBe(hash)
      expect(keys.subjectHash('2026-12', number)).toBeUndefined()
      expect(keys.seal('{}', [number], december, log, 2).subjects).not.toEqual([hash])
      expect(keys.periods).toEqual(['2026-11', '2026-12'])
      expect(Buffer.from(hash ?? '', 'base64url')).toHaveLength(16)
    })
  })

  test('are private files that nobody else may read', async () => {
    await withDataDir(async (dataDir) => {
      const keys = openPeriodKeys(dataDir)
      keys.seal('{}', [], november, log, 1)
      const path = join(dataDir, 'keys', '2026-11.key')
      expect([statSync(path).mode & 0o777, statSync(join(dataDir, 'keys')).mode & 0o777, readFileSync(path).length]).toEqual([
        0o600, 0o700, 32,
      ])
      chmodSync(path, 0o640)
      expect(() => keys.subjectHash('2026-11', number)).toThrow(/chmod 600/)
    })
  })

  test('a key that cannot be made leaves the newest older one in use, and without any nothing is sealed', async () => {
    await withDataDir(async (dataDir) => {
      const keys = openPeriodKeys(dataDir)
      keys.seal('{}', [], november, log, 1)
      chmodSync(join(dataDir, 'keys'), 0o755)
      expect(keys.seal('{}', [], december, log, 2).period).toBe('2026-11')
      expect(() => keys.seal('{}', [], Date.UTC(2026, 8, 1), log, 2)).toThrow(/mode 755/)
      chmodSync(join(dataDir, 'keys'), 0o700)
      expect(keys.seal('{}', [], december, log, 2).period).toBe('2026-12')
    })
  })

  for (const [what, bytes] of [
    ['is empty', Buffer.alloc(0)],
    ['is cut short', Buffer.alloc(31, 7)],
    ['holds zeros', Buffer.alloc(32)],
  ] as const) {
    test(`O5: a key's file that ${what} seals nothing, for anybody could open it; an older key serves, and its own once it is back`, async () => {
      await withDataDir(async (dataDir) => {
        const sealed = openPeriodKeys(dataDir).seal('{"url":"/one"}', [number], november, log, 1)
        const path = join(dataDir, 'keys', '2026-11.key')
        const key = readFileSync(path)
        writeFileSync(path, bytes)
        const keys = openPeriodKeys(dataDir)
        expect(() => keys.seal('{}', [number], november, log, 2)).toThrow(/2026-11\.key holds no key: put it back/)
        expect(keys.open(sealed, log, 1)).toBeUndefined()
        expect(keys.subjectHash('2026-11', number)).toBeUndefined()
        writeFileSync(path.replace('-11', '-10'), Buffer.alloc(32, 9), { mode: 0o600 })
        expect(keys.seal('{}', [], november, log, 2).period).toBe('2026-10')
        writeFileSync(path, key)
        expect(keys.seal('{}', [], november, log, 3).period).toBe('2026-11')
        expect(keys.open(sealed, log, 1)).toMatchObject({ url: '/one' })
      })
    })
  }

  test('that an older month’s key serves is told for as long as it does', async () => {
    await withDataDir(async (dataDir) => {
      const keys = openPeriodKeys(dataDir)
      const sealAndLook = () => {
        keys.seal('{}', [], december, log, 1)
        keys.look(december, () => {})
        return keys.fault
      }
      keys.seal('{}', [], november, log, 1)
      writeFileSync(join(dataDir, 'keys', '2026-12.key'), Buffer.alloc(32), { mode: 0o600 })
      expect([sealAndLook(), sealAndLook()]).toEqual(
        Array(2).fill(expect.stringMatching(/2026-11 instead of that of 2026-12: .*holds no key/)),
      )
      rmSync(join(dataDir, 'keys', '2026-12.key'))
      expect(sealAndLook()).toBeUndefined()
    })
  })

  test('that is removed while a process seals under it is put back; another in its place, or an older month’s that is gone, is told', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      held.time.now = november
      await held.trail.forwarding(sampleForwarding('one', { at: november }))
      const path = join(dataDir, 'keys', '2026-11.key')
      const key = readFileSync(path)
      const faultAfter = (change: () => void) => {
        change()
        held.second()
        return held.trail.proofs.sealingFault
      }
      expect(faultAfter(() => rmSync(path))).toBeUndefined()
      expect(readFileSync(path)).toEqual(key)
      expect(held.told).toEqual([expect.stringMatching(/2026-11\.key was gone and was put back/)])
      expect(faultAfter(() => writeFileSync(path, Buffer.alloc(32, 9)))).toMatch(/is not the key/)
      expect(faultAfter(() => writeFileSync(path, key))).toBeUndefined()
      held.time.now = december
      expect(faultAfter(() => rmSync(path))).toMatch(/is gone/)
      expect(existsSync(path)).toBe(false)
      await held.trail.close()
    })
  })

  test('processes that make a key at one time get the same', async () => {
    await withDataDir(async (dataDir) => {
      const script = `
        import { openPeriodKeys } from ${JSON.stringify(new URL('../../../src/audit/period-keys.ts', import.meta.url).href)}
        const { subjects } = openPeriodKeys(${JSON.stringify(dataDir)}).seal('{}', ['${number}'], ${november}, 'n/w', 1)
        console.log(subjects[0])`
      const said = await Promise.all(
        Array.from({ length: 4 }, () => run(process.execPath, ['--input-type=module-typescript', '-e', script])),
      )
      expect(new Set(said.map(({ stdout }) => stdout)).size).toBe(1)
      expect(readdirSync(join(dataDir, 'keys'))).toEqual(['2026-11.key'])
    })
  })
})

describe('the log with its keys', () => {
  test('names nobody in the clear, and opens with the key of its period', async () => {
    await withDataDir(async (dataDir) => {
      const { trail, directory } = await openHeldTrail(dataDir)
      const personal = { ...sampleForwarding('a').personal, subjects: [number] }
      await trail.forwarding(sampleForwarding('a', { personal }))
      trail.outcome(sampleOutcome('a'))
      await trail.close()
      const text = readFileSync(segmentsOf(directory)[0] ?? '', 'latin1')
      for (const secret of [number, 'Jones', 'n4bQgYhMfWWaL']) expect(text).not.toContain(secret)
      expect(entriesOf(directory)).toMatchObject([{ personal: { url: personal.url } }, { personal: sampleOutcome('a').personal }])
    })
  })

  test('a key that is destroyed is written over before its name is gone: whatever still reaches the file finds nothing in it', async () => {
    await withDataDir(async (dataDir) => {
      const keys = openPeriodKeys(dataDir)
      keys.seal('{}', [], november, log, 0)
      const still = join(dataDir, 'still')
      linkSync(join(dataDir, 'keys', '2026-11.key'), still)
      expect(readFileSync(still)).not.toEqual(Buffer.alloc(32))
      expect(keys.destroyBefore('2026-12')).toEqual(['2026-11'])
      expect(readFileSync(still)).toEqual(Buffer.alloc(32))
      expect(readdirSync(join(dataDir, 'keys'))).toEqual([])
    })
  })

  test('once the period’s key is destroyed what names people is gone, and the log still verifies and goes on', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      await first.trail.forwarding(sampleForwarding('a', { at: november }))
      await first.trail.forwarding(sampleForwarding('b', { at: december }))
      await first.trail.close()
      const keys = openPeriodKeys(dataDir)
      expect(keys.destroyBefore('2026-12')).toEqual(['2026-11'])
      expect(keys.destroyBefore('2026-12')).toEqual([])
      expect(readdirSync(join(dataDir, 'keys')).filter((name) => name.startsWith('2026'))).toEqual(['2026-12.key'])
      const [a, b] = entriesOf(first.directory)
      expect(a).toMatchObject({ personal: { period: '2026-11' } })
      expect(a).not.toHaveProperty('personal.url')
      expect(b).toHaveProperty('personal.url')
      expect(await verifyLog(first.directory)).toMatchObject({ ok: true, records: 2 })
      const second = await openHeldTrail(dataDir)
      await second.trail.close()
      expect(await verifyLog(first.directory)).toMatchObject({ ok: true, records: 4 })
    })
  })

  test('a log of the earlier format is refused in one sentence', async () => {
    await withDataDir(async (dataDir) => {
      const first = await openHeldTrail(dataDir)
      await first.trail.close()
      const [path = ''] = segmentsOf(first.directory)
      writeFileSync(path, readFileSync(path, 'latin1').replace('"format":2', '"format":1'))
      await expect(openHeldTrail(dataDir)).rejects.toThrow(/the format is 1; this program knows 2/)
    })
  })
})
