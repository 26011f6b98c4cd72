import { type Spread, spreadOf } from '../bench/statistics.ts'

/** A measured quantity in the three thirds of a run. */
export interface Thirds {
  readonly name: string
  readonly parts: readonly [Spread, Spread, Spread]
  /** What it grew by from the first third's median to the last's. */
  readonly growth: number
  /** Whether there were values enough to tell. */
  readonly told: boolean
  /** Whether it grows: more than is allowed, from third to third, and nearly every value of the last third above nearly every one of the first. */
  readonly grows: boolean
}

/** Fewer values than these tell nothing. */
const fewest = 9
/** Of a hundred values of two thirds, how many may lie on the wrong side before they count as one and the same. */
const overlap = 0.1

/** Compares the thirds of a series in the order of time; what is within `allowed` is no growth. Noise of any shape is told from growth by ranks alone. */
export function thirdsOf(name: string, values: readonly number[], allowed: number): Thirds {
  const cut = [1 / 3, 2 / 3].map((share) => Math.floor(values.length * share))
  const parts = [values.slice(0, cut[0]), values.slice(cut[0], cut[1]), values.slice(cut[1])] as const
  const [first, middle, last] = parts.map(spreadOf) as [Spread, Spread, Spread]
  const growth = last.median - first.median
  const told = values.length >= fewest
  const apart = rank(parts[2], overlap) > rank(parts[0], 1 - overlap)
  return {
    name,
    parts: [first, middle, last],
    growth,
    told,
    grows: told && growth > allowed && middle.median > first.median && last.median > middle.median && apart,
  }
}

function rank(values: readonly number[], share: number): number {
  const order = values.toSorted((a, b) => a - b)
  return order[Math.min(order.length - 1, Math.floor(order.length * share))] ?? Number.NaN
}
