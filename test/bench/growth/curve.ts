import { type Spread, spreadOf } from '../statistics.ts'

/** One thing on the path whose cost may grow with how many of something there are. */
export interface Curve {
  /** What is counted: so many of these there are. */
  readonly of: string
  /** What is done. */
  readonly what: string
  /** More of them cannot be; absent where there is no bound. */
  readonly most?: number
  /** Makes so many and gives what is done; the number says which of them is meant this time, from 0 on without end. */
  make(count: number): Promise<Made>
}

/** What was made, ready to be measured. */
export interface Made {
  readonly act: (nth: number) => unknown
  close?(): Promise<void> | void
}

/** A measured size of a curve: ns of processor time each. */
export interface Point extends Spread {
  readonly count: number
}

const rounds = 7
const warmUp = 20_000
const acts = 100_000

/**
 * Measures each size in turn: first each of them is touched once, so that the first use is not what counts, then seven rounds of 100,000. The loop's own cost
 * is in it, a few ns.
 */
export async function measureCurve(curve: Curve, counts: readonly number[]): Promise<readonly Point[]> {
  const points: Point[] = []
  for (const count of counts.filter((one) => one <= (curve.most ?? one))) {
    const { act, close } = await curve.make(count)
    for (let nth = 0; nth < Math.max(count, warmUp); nth++) kept[nth & 63] = act(nth)
    const taken: number[] = []
    for (let round = 0; round < rounds; round++) {
      const before = process.threadCpuUsage()
      for (let nth = 0; nth < acts; nth++) kept[nth & 63] = act(nth * step + round)
      const { user, system } = process.threadCpuUsage(before)
      taken.push(((user + system) * 1000) / acts)
    }
    points.push({ count, ...spreadOf(taken) })
    await close?.()
  }
  return points
}

/** Who is meant next is far from who was meant before: no cache knows it. A prime. */
const step = 7_919
/** So that nothing is left out as useless. */
const kept: unknown[] = new Array(64)
