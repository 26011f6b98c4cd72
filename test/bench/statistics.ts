/** Several measurements of one thing. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** Median, least and most of at least one number. */
export function spreadOf(numbers: readonly number[]): Spread {
  const order = numbers.toSorted((a, b) => a - b)
  const upper = order[order.length >> 1] ?? Number.NaN
  const lower = order[(order.length - 1) >> 1] ?? Number.NaN
  return { median: (lower + upper) / 2, min: order[0] ?? Number.NaN, max: order.at(-1) ?? Number.NaN }
}
