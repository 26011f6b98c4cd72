import type { CircuitAct, GateState } from './gate-state.ts'

/** From the worst on: where the processes of a machine differ, the worst is told. */
const worst: readonly GateState['circuit'][] = ['held-open', 'open', 'half-open', 'held-closed', 'closed']

/** The gates of one machine: those of its processes, joined by host. */
export function mergeGates(gates: readonly GateState[]): readonly GateState[] {
  const byHost = new Map<string, GateState>()
  for (const gate of gates) {
    const known = byHost.get(gate.host)
    byHost.set(gate.host, known === undefined ? gate : joined(known, gate))
  }
  return [...byHost.values()]
}

/** The same with what operators hold, which the processes may not have told yet. */
export function withHolds(gates: readonly GateState[], held: ReadonlyMap<string, CircuitAct>): readonly GateState[] {
  const circuit = (act: CircuitAct): GateState['circuit'] => (act === 'hold-open' ? 'held-open' : 'held-closed')
  const shown = gates.map((gate) => {
    const act = held.get(gate.host)
    return act === undefined ? gate : { ...gate, circuit: circuit(act) }
  })
  const unseen = [...held].filter(([host]) => gates.every((gate) => gate.host !== host))
  return [...shown, ...unseen.map(([host, act]) => ({ host, circuit: circuit(act), opensInMs: 0, limit: 0, inFlight: 0, waiting: 0 }))]
}

function joined(one: GateState, other: GateState): GateState {
  return {
    host: one.host,
    circuit: worst.find((kind) => kind === one.circuit || kind === other.circuit) ?? 'closed',
    opensInMs: Math.max(one.opensInMs, other.opensInMs),
    limit: one.limit + other.limit,
    inFlight: one.inFlight + other.inFlight,
    waiting: one.waiting + other.waiting,
  }
}
