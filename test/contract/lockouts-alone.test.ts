import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentReport } from '../../src/state/lockout-fan-out.ts'
import { openLockouts } from '../../src/state/open-lockouts.ts'
import { lockoutsContract } from './lockouts.ts'

lockoutsContract('of a node that is alone', async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'lockouts-'))
  const time = { ms: Date.UTC(2026, 0, 1) }
  const clock = { now: () => time.ms, elapsed: () => performance.now() }
  return {
    time,
    open: (settings) => openLockouts(settings, { dataDirectory, node: 'node1', clock, redis: undefined, report: silentReport }),
    close: () => rm(dataDirectory, { recursive: true }),
  }
})
