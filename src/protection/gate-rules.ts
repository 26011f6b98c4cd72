import type { BreakerRules } from './breaker.ts'
import type { QueueRules } from './fair-queue.ts'
import type { LimitRules } from './provider-limit.ts'

/** All that decides about calls to one provider. Times are in milliseconds. */
export interface GateRules {
  readonly limit: LimitRules
  /** The learned limit is told and not held: `limit.ceiling` is. */
  readonly limitObserves: boolean
  readonly breaker: BreakerRules
  /** The circuit is told and not acted upon, unless an operator holds it. */
  readonly breakerObserves: boolean
  readonly queue: QueueRules
  /** The share of the places that one consumer may hold while others call (1: all, it need not give way), and for how long after another's last call that counts. */
  readonly mostOfOne: number
  readonly contestedMs: number
}
