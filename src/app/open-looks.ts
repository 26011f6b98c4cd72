import { setTimeout as pause } from 'node:timers/promises'
import type { AuditTrail } from '../audit/audit-trail.ts'
import { LogLocked } from '../audit/log-lock.ts'
import { openAuditTrail } from '../audit/trail.ts'
import { systemClock } from '../lib/clock.ts'
import type { LoadedConfig } from './load-config.ts'

/** How long a command waits for another one that writes the same log of looks. */
const patienceMs = 5000

/** The log in which looks are recorded that no running proxy sees: `node/cli`. */
const looksLog = 'cli'

/** Opens that log for one command; waits a while for another one. */
export async function openLooks({ config }: LoadedConfig, dataDirectory: string): Promise<AuditTrail> {
  const until = systemClock.elapsed() + patienceMs
  for (;;) {
    try {
      return await openAuditTrail(config.audit, dataDirectory, { clock: systemClock, worker: looksLog })
    } catch (error) {
      if (!(error instanceof LogLocked) || systemClock.elapsed() > until) throw error
      await pause(100)
    }
  }
}
