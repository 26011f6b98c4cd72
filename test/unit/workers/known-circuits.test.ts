import { createKnownCircuits } from '../../../src/workers/known-circuits.ts'

let now = 0
const host = 'provider.example.test'
const open = { kind: 'open', forMs: 60_000, openings: 2 } as const

beforeEach(() => {
  now = 0
})

test('those that are open are known, each for what is left of it', () => {
  const circuits = createKnownCircuits(() => now)
  circuits.told({ host, to: open })
  circuits.told({ host, pin: 'pin', to: open })
  circuits.told({ host, to: { kind: 'closed', openings: 2 } })
  now = 20_000
  expect(circuits.open()).toEqual([{ host, pin: 'pin', to: { ...open, forMs: 40_000 } }])
  now = 90_000
  expect(circuits.open()).toEqual([{ host, pin: 'pin', to: { ...open, forMs: 0 } }])
})

test('one that opened again before it was told as closed stays known', () => {
  const circuits = createKnownCircuits(() => now)
  circuits.told({ host, to: open })
  circuits.told({ host, to: { kind: 'closed', openings: 1 } })
  expect(circuits.open()).toHaveLength(1)
})

test('what an operator has held and let go of is closed, and not open for whoever begins afterwards', () => {
  const circuits = createKnownCircuits(() => now)
  circuits.told({ host, to: open })
  circuits.told({ host, pin: 'pin', to: open })
  circuits.told({ host: 'another.example.test', to: open })
  circuits.held(host)
  expect(circuits.open()).toEqual([{ host: 'another.example.test', to: open }])
})
