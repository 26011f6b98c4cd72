import type { BreakerState } from '../protection/breaker.ts'
import type { SharedTurn } from '../protection/gate-call.ts'

/** How one provider's gate stands. */
export interface GateState {
  readonly host: string
  readonly circuit: BreakerState['kind']
  /** Milliseconds until the circuit may let a call through; 0 where it does. */
  readonly opensInMs: number
  readonly limit: number
  readonly inFlight: number
  readonly waiting: number
}

/** What an operator does with a circuit. */
export type CircuitAct = 'hold-open' | 'hold-closed' | 'release'

/** A circuit that opened, for so many ms from now, or closed: what other processes of this machine are told. */
export interface CircuitTurn {
  readonly host: string
  readonly pin?: string
  readonly to: SharedTurn
}

/** A circuit that is held although nobody has called yet. */
export function idleState(host: string, act: CircuitAct): GateState {
  return { host, circuit: act === 'hold-open' ? 'held-open' : 'held-closed', opensInMs: 0, limit: 0, inFlight: 0, waiting: 0 }
}
