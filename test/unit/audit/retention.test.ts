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
