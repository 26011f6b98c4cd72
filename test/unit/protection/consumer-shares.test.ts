import { ConsumerShares } from '../../../src/protection/consumer-shares.ts'
import type { PlaceRules } from '../../../src/protection/place-lease.ts'

const rules: PlaceRules = {
  limit: { floor: 4, ceiling: 64, initial: 16, tolerance: 2, noiseMs: 5, windowMs: 1000 },
  limitObserves: false,
  breaker: {
    ...{ failureRate: 0.5, minimumCalls: 20, windowMs: 30_000, openMs: 5_000, longestOpenMs: 60_000 },
    ...{ longestRetryAfterMs: 300_000, probes: 3, probeMs: 2_000 },
  },
  queue: { length: 1000, patienceMs: 2000, weightOf: () => 1, guaranteeOf: () => 0 },
  contestedMs: 60_000,
}
/** Calls that each consumer makes at a time. */
type Calls = Readonly<Record<string, number>>

/** Two workers tell, and it is looked at who calls; the places are sixteen. */
function told(shares: ConsumerShares, now: number, first: Calls, second: Calls): void {
  const all = [first, second]
  all.forEach((calls, nth) => {
    shares.heard(nth, { consumers: Object.entries(calls).map(([who, many]) => [who, many, 100]), usable: 0, held: false }, rules, now)
  })
  shares.level(
    16,
    all.map((calls) => Object.values(calls).reduce((sum, many) => sum + many, 0)),
    rules,
    now,
  )
}
const parts = (shares: ConsumerShares) =>
  [0, 1].map((nth) => Object.fromEntries((shares.at(nth, 16, true).parts ?? []).map(([who, from, to]) => [who, to - from])))

test('a consumer that is alone has all of its share everywhere; who calls through two workers beside another has a part at each', () => {
  const shares = new ConsumerShares(2)
  told(shares, 0, { a: 30 }, { a: 10 })
  expect(shares.at(0, 16, true)).toMatchObject({ contested: false, parts: [], spread: 1 })
  told(shares, 500, { a: 30 }, { a: 10, b: 1 })
  expect(shares.at(0, 16, true)).toMatchObject({ contested: true, spread: 2 })
  expect(parts(shares)).toEqual([{ a: 0.75 }, { a: 0.25 }])
})

test('parts follow what is wanted half the way each time, and are told only once they have moved by an eighth', () => {
  const shares = new ConsumerShares(2)
  told(shares, 0, { a: 20 }, { a: 20, b: 1 })
  const { version } = shares
  told(shares, 500, { a: 24 }, { a: 16, b: 1 })
  expect([shares.version, parts(shares)]).toEqual([version, [{ a: 0.5 }, { a: 0.5 }]])
  told(shares, 1000, { a: 40 }, { a: 0, b: 1 })
  expect(shares.version).toBeGreaterThan(version)
  expect(parts(shares)[0]?.['a']).toBeCloseTo(0.775)
})

test('who no longer calls through a worker has all of its share at the other before long, and who calls no more is forgotten', () => {
  const shares = new ConsumerShares(2)
  told(shares, 0, { a: 20 }, { a: 20, b: 1 })
  for (let nth = 1; nth < 8; nth++) told(shares, nth * 500, { a: 20 }, { b: 1 })
  expect(parts(shares)).toEqual([{}, {}])
  for (let nth = 0; nth < 1000; nth++) told(shares, 5_000 + nth * 500, { [`c${nth}`]: 5 }, { [`c${nth}`]: 5, b: 1 })
  expect(parts(shares).map((one) => Object.keys(one))).toEqual([['c999'], ['c999']])
  told(shares, 600_000, {}, { b: 1 })
  expect([parts(shares), shares.active]).toEqual([[{}, {}], 1])
})

test('a minute after the last call of another a consumer is alone again', () => {
  const shares = new ConsumerShares(2)
  told(shares, 0, { a: 20 }, { b: 1 })
  told(shares, 59_000, { a: 20 }, {})
  expect(shares.at(0, 16, true).contested).toBe(true)
  told(shares, 121_000, { a: 20 }, {})
  expect(shares.at(0, 16, true).contested).toBe(false)
})

test('parts of a consumer that is alone again are told to be gone', () => {
  const shares = new ConsumerShares(2)
  told(shares, 0, { a: 20 }, { a: 20, b: 1 })
  shares.heard(0, { consumers: [['a', 20, 16]], usable: 0, held: false }, rules, 30_000)
  shares.heard(1, { consumers: [['a', 20, 16]], usable: 0, held: false }, rules, 121_000)
  const { version } = shares
  shares.level(16, [20, 20], rules, 121_100)
  expect([parts(shares), shares.version > version]).toEqual([[{}, {}], true])
})

test('a worker’s weight is what its consumers are due there; of a worker that has ended nothing counts', () => {
  const shares = new ConsumerShares(2)
  told(shares, 0, { a: 40, b: 40 }, { a: 40 })
  const [first = 0, second = 0] = shares.weights
  expect([first, second].map(Math.round)).toEqual([12, 4])
  shares.lost(1)
  shares.level(16, [80, 0], rules, 500)
  expect(Math.round(shares.weights[0] ?? 0)).toBe(14)
  expect(shares.active).toBe(2)
})
