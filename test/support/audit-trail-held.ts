import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type AuditSettings, auditSettings } from '../../src/audit/audit-settings.ts'
import type { AuditTrail } from '../../src/audit/audit-trail.ts'
import { openAuditTrail } from '../../src/audit/trail.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { type FaultyLogFiles, faultyLogFiles } from './faulty-log-files.ts'

/** A trail whose time and disk the test holds. */
export interface HeldTrail {
  readonly trail: AuditTrail
  readonly files: FaultyLogFiles
  /** The log's directory. */
  readonly directory: string
  readonly time: { now: number; elapsed: number }
  /** What the trail told for the program's log. */
  readonly told: readonly string[]
  /** Lets a second pass: the trail begins what it does each second. */
  second(): void
}

const soonMs = 2

/** Resolves once the condition holds, looked at in each turn of the event loop and, where that is not soon, each millisecond; rejects when it still does not after half a minute. */
export async function until(condition: () => boolean): Promise<void> {
  const from = performance.now()
  while (!condition()) {
    if (performance.now() - from > 30_000) throw new Error(`in vain waited for ${condition}`)
    if (performance.now() - from < soonMs) await new Promise(setImmediate)
    else await pause(1)
  }
}

/** Opens a trail over the data directory with a disk that can fail, a clock that stands still and a timer that the test drives. */
export async function openHeldTrail(
  dataDir: string,
  settings: Partial<AuditSettings> = {},
  files: FaultyLogFiles = faultyLogFiles(),
): Promise<HeldTrail> {
  const time = { now: 1_790_000_000_000, elapsed: 0 }
  const clock: Clock = { now: () => time.now, elapsed: () => time.elapsed }
  let tick: () => void = () => {}
  const told: string[] = []
  const trail = await openAuditTrail({ ...auditSettings.parse({ node: 'node1' }), ...settings }, dataDir, {
    clock,
    files,
    tell: (message) => told.push(message),
    every: (_milliseconds, act) => {
      tick = act
      return () => {
        tick = () => {}
      }
    },
  })
  return {
    trail,
    files,
    directory: join(dataDir, 'audit', 'node1-main'),
    time,
    told,
    second: () => {
      time.elapsed += 1000
      time.now += 1000
      tick()
    },
  }
}
