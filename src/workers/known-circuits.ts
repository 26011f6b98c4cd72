import { gateKey } from '../forwarding/gate-key.ts'
import type { CircuitTurn } from '../forwarding/gate-state.ts'

/** The circuits that are open on a machine, for a worker that begins: it has not heard of them. */
export interface KnownCircuits {
  /** A circuit of some worker became another. */
  told(turn: CircuitTurn): void
  /** An operator holds the circuits of a host, or let go of them: they are closed then, whatever was told before. */
  held(host: string): void
  /** Those that are open, each for as long as is left of it. */
  open(): readonly CircuitTurn[]
}

/** Knows of none. As many are kept as the directory has named providers. `now` is monotonic, in ms. */
export function createKnownCircuits(now: () => number): KnownCircuits {
  const until = new Map<string, { readonly turn: CircuitTurn; readonly openings: number; readonly at: number }>()
  return {
    told(turn) {
      const key = gateKey(turn.host, turn.pin)
      if (turn.to.kind === 'open') until.set(key, { turn, openings: turn.to.openings, at: now() + turn.to.forMs })
      else if ((until.get(key)?.openings ?? 0) <= turn.to.openings) until.delete(key)
    },
    held(host) {
      for (const [key, { turn }] of until) if (turn.host === host) until.delete(key)
    },
    open: () =>
      [...until.values()].map(({ turn, openings, at }) => ({ ...turn, to: { kind: 'open', forMs: Math.max(0, at - now()), openings } })),
  }
}
