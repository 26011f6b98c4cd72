import { breakerSettings, capacitySettings } from '../../../src/forwarding/capacity-settings.ts'
import { capacityRules } from '../../../src/forwarding/gate-rules.ts'
import { noFailures } from '../../../src/protection/failure-window.ts'
import { createMachinePlaces } from '../../../src/workers/machine-places.ts'
import type { NamedLease, NamedNeed } from '../../../src/workers/messages.ts'

const rules = capacityRules(capacitySettings.parse({ initialLimit: 8, minimumLimit: 8 }), breakerSettings.parse({}), 8)

/** A worker that has four places and lacks four more. */
const lacking: NamedNeed = {
  ...{ key: 'provider.example.test', seq: 0, places: 4, inFlight: 4, hanging: 0, waiting: 4, peak: 4, wanted: 8 },
  ...{ samples: [], restarted: false, recovered: false, failures: noFailures },
  demand: { consumers: [['a', 8, 8]], usable: 8, held: false },
}

test('a provider that is first called while a worker is gone has all its places for the others, and the part of whoever begins in its place', () => {
  const told = new Map<string, NamedLease[]>()
  const machine = createMachinePlaces({
    ...{ workers: ['w1', 'w2'], rules, now: () => 0 },
    tell: (worker, leases) => void told.set(worker, [...(told.get(worker) ?? []), ...leases]),
  })
  try {
    machine.lost('w2')
    machine.told('w1', [lacking])
    expect(told.get('w1')?.at(-1)?.places).toBe(8)
    expect(machine.began('w2')).toMatchObject([{ key: lacking.key, places: 0 }])
  } finally {
    machine.close()
  }
})
