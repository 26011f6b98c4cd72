import type { GateState } from '../../../src/forwarding/gate-state.ts'
import { mergeGates, withHolds } from '../../../src/forwarding/merge-gates.ts'

const gate: GateState = { host: 'a', circuit: 'closed', opensInMs: 0, limit: 10, inFlight: 2, waiting: 1 }

test('the gates of one host are one: counts are summed, and the worst circuit is told', () => {
  const merged = mergeGates([gate, { ...gate, host: 'b' }, { ...gate, circuit: 'open', opensInMs: 500, limit: 5 }])
  expect(merged).toEqual([
    { host: 'a', circuit: 'open', opensInMs: 500, limit: 15, inFlight: 4, waiting: 2 },
    { ...gate, host: 'b' },
  ])
})

test('what an operator holds is told at once, of a host that nobody has called too', () => {
  const shown = withHolds([gate], new Map([['a', 'hold-open'] as const, ['c', 'hold-closed'] as const]))
  expect(shown.map(({ host, circuit }) => [host, circuit])).toEqual([
    ['a', 'held-open'],
    ['c', 'held-closed'],
  ])
})
