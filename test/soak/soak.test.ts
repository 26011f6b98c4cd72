import { randomOf } from '../fuzz/mutations.ts'
import { runSoak } from './soak-run.ts'
import { thirdsOf } from './thirds.ts'

const seed = Number(process.env['SSP_TEST_SEED'] ?? Date.now() % 2 ** 31)

test('a quantity that climbs is told from one that jumps about, from one that grew once, and from one within what is allowed', () => {
  const random = randomOf(1)
  const series = (value: (at: number) => number) => Array.from({ length: 90 }, (_, at) => value(at) + random(10))
  expect(
    thirdsOf(
      'climbs',
      series((at) => at),
      20,
    ).grows,
  ).toBe(true)
  expect(
    thirdsOf(
      'jumps about',
      series((at) => (at % 7) * 40),
      20,
    ).grows,
  ).toBe(false)
  expect(thirdsOf('grew once', series((at) => (at < 32 ? 0 : 100)).toSpliced(60, 30, ...Array(30).fill(100)), 20).grows).toBe(false)
  expect(
    thirdsOf(
      'within',
      series((at) => at / 10),
      20,
    ).grows,
  ).toBe(false)
})

test('calls of every kind with reloads among them: nothing grows, and the audit has each of them by its status', async () => {
  const { faults, held, latency, ...counts } = await runSoak(randomOf(seed), { seconds: 90, callsPerSecond: 30, reloadEverySeconds: 15 })
  process.stderr.write(`soak: seed ${seed}, ${JSON.stringify(counts)}, ${JSON.stringify([...held, latency])}\n`)
  expect(faults).toEqual([])
  expect(Object.keys(counts.calls)).toHaveLength(8)
  expect(counts.resumed).toBeGreaterThan(0)
  expect(counts.reloads).toBeGreaterThan(1)
})
