import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { Readiness } from '../ops/ops-parts.ts'

/** What `ssp` says unasked about its own state. */
export interface Announcements {
  /** Looks at the state now: what is new is logged, and what is old once a day. */
  tell(readiness: Readiness, now: number): void
}

const againMs = 86_400_000
const lookMs = 10_000

/** Tells of the state now, and from then on whenever it has changed; ends with the timer. */
export function keepAnnouncing(logger: Logger, readiness: () => Readiness, clock: Clock): NodeJS.Timeout {
  const announcements = createAnnouncements(logger)
  const tell = (): void => announcements.tell(readiness(), clock.now())
  tell()
  return setInterval(tell, lookMs).unref()
}

/** Makes one that has said nothing yet. A condition that fails is an error, a warning a warning, and an end of either a piece of news. */
export function createAnnouncements(logger: Logger): Announcements {
  const told = new Map<string, number>()
  return {
    tell({ items, degraded, warnings }, now) {
      const faults = items.filter(({ ok, name }) => !ok && name !== 'running').map(({ name, detail }) => `not ready: ${name}: ${detail}`)
      const current = new Set([...faults, ...degraded.map((part) => `degraded: ${part}`), ...warnings])
      for (const text of told.keys()) {
        if (current.has(text)) continue
        told.delete(text)
        logger.info(`no longer so: ${text}`)
      }
      for (const text of current) {
        const before = told.get(text)
        if (before !== undefined && now - before < againMs) continue
        told.set(text, now)
        if (faults.includes(text)) logger.error(text)
        else logger.warn(text)
      }
    },
  }
}
