import type { SharedTurn } from '../../src/protection/gate-call.ts'
import type { GateRules } from '../../src/protection/gate-rules.ts'
import { LeasedLimit } from '../../src/protection/leased-limit.ts'
import { firstLease } from '../../src/protection/place-lease.ts'
import { ProviderGate } from '../../src/protection/provider-gate.ts'
import { ProviderPlaces } from '../../src/protection/provider-places.ts'

/** Gates of several workers to one provider, and whoever leases places to them, without the messages between them. */
export interface MachineGates {
  readonly workers: readonly { readonly gate: ProviderGate; readonly limit: LeasedLimit }[]
  /** All tell, and are told: what they know is one exchange of messages old. */
  exchange(levels: boolean, now: number): void
}

/** Makes them. A circuit that turns at one turns at all. */
export function machineGates(rules: GateRules, count: number, now: () => number): MachineGates {
  const machine = new ProviderPlaces(rules, count, 1)
  const changed = new Set<number>()
  const workers = Array.from({ length: count }, (_, nth) => {
    const limit = new LeasedLimit(firstLease(rules, nth, count), { level: 'none' }, () => void changed.add(nth))
    const turned = (to: SharedTurn): void =>
      workers.forEach(({ gate }, at) => {
        if (at !== nth) gate.adopt(to, now())
      })
    const gate: ProviderGate = new ProviderGate(rules, 1, turned, limit)
    limit.serve(gate)
    return { gate, limit }
  })
  return {
    workers,
    exchange(levels, at) {
      // As workers do: who has said that something changed is asked until it is quiet.
      const needs = [...changed].map((nth) => [nth, workers[nth]?.limit.takeNeed(at)] as const)
      for (const [nth, need] of needs) {
        if (need !== undefined) machine.told(nth, need, at)
        if (workers[nth]?.limit.isQuiet !== false) changed.delete(nth)
      }
      for (const [nth, lease] of machine.leases(levels, at)) workers[nth]?.limit.take(lease, at)
    },
  }
}
