import type { CallRank, WaitingFlow } from './waiting-flow.ts'

/** A call that has not been let through at once, as its owner sees it. Called at most once, and never from within `wait`. */
export interface Waiter {
  granted(place: GatePlace): void
  refused(why: GateRefusal): void
}

/** Why a call is not let through: no place in time, none even to wait, or a circuit that is open. */
export type GateRefusal = 'too-late' | 'full' | 'unavailable'

/** A place at the provider, given back once with `leave`. */
export interface GatePlace {
  readonly flow: WaitingFlow<Waiter>
  readonly began: number
  /** It takes a place as long as its gate is in this era. */
  readonly era: number
  /** The episode of the circuit that this call probes. */
  readonly probe: number | undefined
  /** What would have kept this call, were it not only observed. */
  readonly observed: 'limit' | 'circuit' | undefined
}

/** How a call ended, as far as the provider is to be blamed or praised. */
export type GateSample =
  /**
   * An answer began. `latencyMs` is absent where it is an error, which comes sooner than what was asked for. `pushback`: it says that the provider has too much
   * to do; `failed`: that it is out of order; `retryAt`: the monotonic ms until which it wants to be left alone, 0 where it does not.
   */
  | {
      readonly kind: 'answered'
      readonly latencyMs: number | undefined
      readonly pushback: boolean
      readonly failed: boolean
      readonly retryAt: number
    }
  /** Not reached, not in time, not valid. */
  | { readonly kind: 'failed' }
  /** The caller hung up this long after the request was sent, before an answer began. */
  | { readonly kind: 'abandoned'; readonly waitedMs: number }
  /** Says nothing of the provider. */
  | { readonly kind: 'none' }

/** What is asked of a gate: by whom, how urgent, and which kind of call (a small whole number, for its usual time). */
export interface GateCall {
  readonly consumer: string
  readonly rank: CallRank
}

/**
 * What a circuit became, as other gates to the same provider are told: open for so many ms more, or closed. `openings`: how often it has opened without a recovery,
 * or had when it recovered.
 */
export type SharedTurn =
  | { readonly kind: 'open'; readonly forMs: number; readonly openings: number }
  | { readonly kind: 'closed'; readonly openings: number }
