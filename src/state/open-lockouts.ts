import type { Clock } from '../lib/clock.ts'
import { changeLockouts } from './change-lockouts.ts'
import { createNoFanOut, type FanOutReport, type LockoutProcesses, oneProcess } from './lockout-fan-out.ts'
import { openLockoutList } from './lockout-list.ts'
import type { LockoutSettings } from './lockout-settings.ts'
import { openLockoutSigning } from './lockout-signing.ts'
import type { Lockouts } from './lockouts.ts'
import type { RedisConnection } from './redis-connection.ts'
import { createRedisLockoutFanOut } from './redis-lockout-fan-out.ts'

/** What lockouts are opened with. */
export interface LockoutsOpening {
  readonly dataDirectory: string
  /** This node's name, which no other one has. */
  readonly node: string
  readonly clock: Clock
  /** Through what nodes tell each other; undefined where this one is alone. */
  readonly redis: RedisConnection | undefined
  readonly report: FanOutReport
  /** The settings as they are now, but for the key that is signed with; without this, those that lockouts are opened with. */
  readonly inForce?: () => LockoutSettings
  /** Who of this node must go by a change before the node says that it does; without this, whoever listens to changes is told and not waited for. */
  readonly processes?: LockoutProcesses
}

/** The lockouts kept in the data directory, and shared with other nodes where there is a way to. Rejects with `LockoutsUnreadable` on a list that is not whole. */
export async function openLockouts(settings: LockoutSettings, opening: LockoutsOpening): Promise<Lockouts> {
  const { dataDirectory, node, clock, redis, report, processes = oneProcess } = opening
  const inForce = opening.inForce ?? (() => settings)
  const signing = openLockoutSigning(settings, dataDirectory, () => inForce().verificationKeys)
  const list = await openLockoutList(dataDirectory, signing, node, clock)
  const fanOut =
    redis === undefined
      ? createNoFanOut(node, { processes, clock, report })
      : createRedisLockoutFanOut({ redis, list, signing, node, clock, report, processes })
  return changeLockouts({ list, signing, fanOut, settings: inForce, node, clock })
}
