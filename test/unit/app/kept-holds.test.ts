import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { circuitControl } from '../../../src/app/compose-capacity.ts'
import { keptHolds } from '../../../src/app/kept-holds.ts'
import type { CircuitAct } from '../../../src/forwarding/gate-state.ts'
import type { ProviderCapacity } from '../../../src/forwarding/provider-capacity.ts'
import type { Registry } from '../../../src/registry/registry.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holds-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const file = () => join(directory, 'circuits.json')

/** A start of the proxy: its circuits, and what they were told. */
function start() {
  const told: [string, CircuitAct][] = []
  const capacity = { states: () => [], hold: (host: string, act: CircuitAct) => told.push([host, act]) } as unknown as ProviderCapacity
  const registry = { hosts: new Set(['a.example']) } as unknown as Registry
  return { circuits: circuitControl(capacity, () => registry, keptHolds(directory)), told }
}

test('what is held stays held across restarts, in a file of its owner alone; what is released does not', async () => {
  const first = start()
  expect(first.told).toEqual([])
  await first.circuits.hold('a.example', 'hold-open')
  await first.circuits.hold('b.example', 'hold-closed')
  expect(statSync(file()).mode & 0o777).toBe(0o600)
  const second = start()
  expect(second.told).toEqual([
    ['a.example', 'hold-open'],
    ['b.example', 'hold-closed'],
  ])
  await second.circuits.hold('a.example', 'release')
  expect(start().told).toEqual([['b.example', 'hold-closed']])
  expect(readdirSync(directory)).toEqual(['circuits.json'])
})

test('a host that is held can be released although it is registered no more', async () => {
  await start().circuits.hold('gone.example', 'hold-open')
  expect(start().circuits.isRegistered('gone.example')).toBe(true)
  expect(start().circuits.isRegistered('never.example')).toBe(false)
})

test('a file that is broken, or open to others, refuses the start: a held provider would be called again', () => {
  writeFileSync(file(), '{"format":1,"holds":{"a.example":"open"}}', { mode: 0o600 })
  expect(start).toThrow(/circuits.json: the circuits that operators hold cannot be read/)
  writeFileSync(file(), '{"format":1,"holds":{}}')
  chmodSync(file(), 0o644)
  expect(start).toThrow(/chmod 600/)
})

test('a hold that cannot be kept is not done', async () => {
  const { circuits, told } = start()
  mkdirSync(file())
  await expect(circuits.hold('a.example', 'hold-open')).rejects.toThrow(/EISDIR|directory/)
  expect(told).toEqual([])
  expect(readdirSync(directory)).toEqual(['circuits.json'])
})

test('of holds that come at one time each is kept', async () => {
  const { circuits } = start()
  await Promise.all(['a', 'b', 'c'].map((name) => circuits.hold(`${name}.example`, 'hold-open')))
  expect(start().told.map(([host]) => host)).toEqual(['a.example', 'b.example', 'c.example'])
})
