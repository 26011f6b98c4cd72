import type { PartyLook } from '../audit/index/lookups.ts'
import type { Evidence } from '../protection/lockout-rules.ts'
import type { Lockout, LockoutChange } from '../state/lockouts.ts'
import type { FetchedList } from '../workers/messages.ts'
import type { DataSide } from './data-side.ts'
import type { Reached } from './enforce-lockouts.ts'
import type { Materials } from './materials.ts'

/** What the workers are steered by. */
export interface PoolParts {
  readonly count: number
  readonly ticketKey: () => Buffer
  readonly renewTickets: () => void
  readonly lockouts: () => readonly Lockout[]
  readonly suspected: (evidence: Evidence) => void
  /** Puts materials in force in the control process itself. */
  readonly swapHere: (next: Materials) => void
  /** Resolves once this process knows of every lockout, and has told each worker of it. */
  readonly current: () => Promise<unknown>
  /** A worker decides by other files than the control process: all must read them anew. */
  readonly differs: () => void
  readonly opsPort: () => number
  /** A party's look at an exchange. */
  readonly look: PartyLook
}

/** The data path in several processes. */
export interface WorkerPool extends DataSide {
  start(): Promise<void>
  /** Every worker seals its tickets with this from now on. */
  renewTickets(key: Buffer): void
  takeList(list: FetchedList): void
  /** Resolves once every worker goes by the change, with what they cut. */
  reach(change: LockoutChange): Promise<Reached>
  /** Resolves once every worker has answered, as it would for a lockout. */
  drill(): Promise<unknown>
  tellOwnPorts(): void
  drain(): Promise<void>
  close(): Promise<void>
}
