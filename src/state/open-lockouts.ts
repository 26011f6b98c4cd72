import type { Clock } from '../lib/clock.ts'
import { changeLockouts } from './change-lockouts.ts'
import { createNoFanOut, type LockoutFanOut } from './lockout-fan-out.ts'
import { type LockoutList, openLockoutList } from './lockout-list.ts'
import type { LockoutSettings } from './lockout-settings.ts'
import { type LockoutSigning, openLockoutSigning } from './lockout-signing.ts'
import type { Lockouts } from './lockouts.ts'

/** What lockouts are opened with. */
export interface LockoutSurroundings {
  readonly dataDirectory: string
  /** This node's name among the others. */
  readonly node: string
  readonly clock: Clock
  /** How other nodes are told; without it this node is alone. */
  readonly fanOut?: (list: LockoutList, signing: LockoutSigning) => LockoutFanOut
}

/** The lockouts kept in the data directory, and shared with other nodes where there is a way to. Rejects with `LockoutsUnreadable` on a list that is not whole. */
export async function openLockouts(settings: LockoutSettings, surroundings: LockoutSurroundings): Promise<Lockouts> {
  const { dataDirectory, node, clock, fanOut } = surroundings
  const signing = openLockoutSigning(settings, dataDirectory)
  const list = await openLockoutList(dataDirectory, signing, node, clock)
  return changeLockouts({ list, signing, fanOut: fanOut?.(list, signing) ?? createNoFanOut(node), settings, node, clock })
}
