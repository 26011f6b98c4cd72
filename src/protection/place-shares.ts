/** The `nth` of so many even parts of a whole number, the larger ones first: together they are the whole. */
export function evenPart(whole: number, nth: number, among: number): number {
  return Math.floor(whole / among) + (nth < whole % among ? 1 : 0)
}

/**
 * Divides so many places among workers by what each wants: nobody gets more than it wants while another has less than it wants and no more than the first
 * (max-min fairness; Bertsekas and Gallager, Data Networks, 1992), so that who wants them has an even part at least. What nobody wants is divided evenly on
 * top. Together the shares are `places`. Where an even division leaves a remainder, it goes to those that were `served` longest ago, by any clock; the first ones
 * where none was.
 */
export function placeShares(places: number, wants: readonly number[], served: readonly number[] = []): readonly number[] {
  const shares = wants.map(() => 0)
  let left = places
  const give = (at: number, more: number): void => {
    shares[at] = (shares[at] ?? 0) + more
    left -= more
  }
  while (left > 0) {
    const hungry = wants.flatMap((want, at) => (want > (shares[at] ?? 0) ? [at] : []))
    if (hungry.length === 0) break
    const each = Math.floor(left / hungry.length)
    if (each === 0) {
      const longest = hungry.sort((one, other) => (served[one] ?? 0) - (served[other] ?? 0))
      for (const at of longest.slice(0, left)) give(at, 1)
      break
    }
    for (const at of hungry) give(at, Math.min(each, (wants[at] ?? 0) - (shares[at] ?? 0)))
  }
  const over = left
  wants.forEach((_, at) => {
    give(at, evenPart(over, at, wants.length))
  })
  return shares
}
