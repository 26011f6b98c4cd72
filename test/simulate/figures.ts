/** The value below which such a share of the numbers lies; NaN of none. */
export function quantile(numbers: readonly number[] | Float64Array, share: number): number {
  const order = Float64Array.from(numbers).sort()
  return order[Math.min(order.length - 1, Math.max(0, Math.ceil(order.length * share) - 1))] ?? Number.NaN
}

/** Jain's fairness index (1984): 1 where all get the same, 1/n where one gets everything. */
export function jainIndex(shares: readonly number[]): number {
  const sum = shares.reduce((all, one) => all + one, 0)
  const squares = shares.reduce((all, one) => all + one * one, 0)
  return squares === 0 ? 1 : (sum * sum) / (shares.length * squares)
}
