import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openPeriodKeys } from '../../../src/audit/period-keys.ts'
import { verifyLog } from '../../../src/audit/verify.ts'
import { sampleForwarding } from '../../support/audit-entries.ts'
import { entriesOf, withDataDir } from '../../support/audit-log-text.ts'
import { type HeldTrail, openHeldTrail, until } from '../../support/audit-trail-held.ts'

const hour = 3_600_000

/** Lets hours pass, each with a look. */
async function hours({ time, second }: HeldTrail, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    time.now += hour
    time.elapsed += hour
    second()
    await new Promise(setImmediate)
  }
}

describe('retention', () => {
  test('destroys a month’s key once it is past for a day of running, records it, and the log still verifies', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir, { retentionMonths: 24 })
      const keys = openPeriodKeys(dataDir)
      for (const [n, at] of [Date.UTC(2026, 9, 31), Date.UTC(2026, 10, 1)].entries()) {
        await held.trail.forwarding(sampleForwarding(`x${n}`, { at }))
      }
      held.time.now = Date.UTC(2028, 9, 31)
      await hours(held, 23)
      held.time.now = Date.UTC(2028, 10, 1)
      await hours(held, 24)
      expect(keys.periods).toEqual(['2026-10', '2026-11'])
      await hours(held, 2)
      await until(() => keys.periods.length === 1)
      await held.trail.close()
      expect(keys.periods).toEqual(['2026-11'])
      const [gone, kept, operation] = entriesOf(held.directory)
      expect(gone).not.toHaveProperty('personal.url')
      expect(kept).toHaveProperty('personal.url')
      expect(operation).toMatchObject({ type: 'operation', actor: 'process', act: 'retention', detail: { periods: '2026-10' } })
      expect(await verifyLog(held.directory)).toMatchObject({ ok: true, records: 3 })
    })
  })

  test('where the hours cannot be kept, as on a full disk, the look goes on, and the key goes after a day of running', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir, { retentionMonths: 24 })
      await held.trail.forwarding(sampleForwarding('a', { at: Date.UTC(2026, 9, 31) }))
      mkdirSync(join(dataDir, 'keys', 'due.json', 'in the way'), { recursive: true })
      held.time.now = Date.UTC(2029, 0, 1)
      await hours(held, 26)
      await until(() => openPeriodKeys(dataDir).periods.length === 0)
      await held.trail.close()
    })
  })

  test('a proxy that is started anew each night destroys what is due all the same, and one whose clock was wrong at each start does not', async () => {
    await withDataDir(async (dataDir) => {
      const keys = openPeriodKeys(dataDir)
      const [now, later] = [Date.UTC(2026, 10, 1), Date.UTC(2029, 0, 1)]
      /** A start at that time, and so many hours of running. */
      async function night(at: number, running: number): Promise<void> {
        const held = await openHeldTrail(dataDir, { retentionMonths: 24 })
        held.time.now = at
        held.second()
        await hours(held, running)
        await held.trail.close()
      }
      const first = await openHeldTrail(dataDir)
      await first.trail.forwarding(sampleForwarding('a', { at: now }))
      await first.trail.close()
      for (let start = 0; start < 12; start += 1) {
        await night(later, 5)
        await night(now, 1)
      }
      expect(keys.periods).toEqual(['2026-11'])
      await night(later, 10)
      await night(later, 10)
      expect(keys.periods).toEqual(['2026-11'])
      await night(later, 10)
      expect(keys.periods).toEqual([])
    })
  })

  test('R7: a clock that jumps years ahead and back within the day destroys nothing', async () => {
    await withDataDir(async (dataDir) => {
      const held = await openHeldTrail(dataDir)
      const keys = openPeriodKeys(dataDir)
      await held.trail.forwarding(sampleForwarding('a', { at: Date.UTC(2026, 10, 1) }))
      const now = Date.UTC(2026, 11, 1)
      for (let pass = 0; pass < 3; pass += 1) {
        held.time.now = Date.UTC(2036, 0, 1)
        await hours(held, 20)
        held.time.now = now
        await hours(held, 20)
      }
      await held.trail.close()
      expect(keys.periods).toEqual(['2026-11'])
      expect(entriesOf(held.directory)).toHaveLength(1)
    })
  })
})
