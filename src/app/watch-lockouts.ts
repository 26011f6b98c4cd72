import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import { type CurrentLockouts, type CurrentLockoutsParts, watchLockouts } from '../state/current-lockouts.ts'
import type { Lockouts } from '../state/lockouts.ts'

/** The control process says something twice a second; other nodes wait five seconds for one whose control process does not. */
const silentMs = 3_000
/** Beyond it a consumer had better try elsewhere. */
const patienceMs = 5_000

/** By what a process goes. */
interface WatchParts {
  readonly clock: Clock
  readonly logger: Logger
}

/** Whether a worker knows who is locked out. It asks the control process; calls that it cannot judge by what that has said are refused. */
export function watchedByWorker(told: () => Promise<void>, parts: WatchParts): CurrentLockouts {
  return watched({ catchUp: told, patienceMs, silentMs }, parts)
}

/** The same of a process that other nodes tell. It asks them by `catchUp`, which ends in its time: what is not known then is not waited for, as at a start. */
export function watchedByControl(lockouts: Pick<Lockouts, 'health'>, catchUp: () => Promise<void>, parts: WatchParts): CurrentLockouts {
  const reachable = (): boolean => lockouts.health.shared && lockouts.health.ok
  return watched({ catchUp, reachable, patienceMs: Number.POSITIVE_INFINITY }, parts)
}

function watched(by: Omit<CurrentLockoutsParts, 'asks' | 'clock'>, { clock, logger }: WatchParts): CurrentLockouts {
  return watchLockouts({
    ...by,
    clock,
    asks: (why, milliseconds) =>
      logger.warn({ why, milliseconds: Math.round(milliseconds) }, 'calls wait until it is known again who is locked out'),
  })
}
