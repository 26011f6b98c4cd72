import { sum } from './sum.ts'
import { waterFill } from './water-fill.ts'

/** The `nth` of so many even parts of a whole number, the larger ones first: together they are the whole. */
export function evenPart(whole: number, nth: number, among: number): number {
  return Math.floor(whole / among) + (nth < whole % among ? 1 : 0)
}

/** What a sum of fractions may miss of the whole number that it stands for. */
const rounding = 1e-6

/**
 * What each worker is due of so many places, as fractions: max-min fair by their weights, so that nobody gets more than it wants while another lacks some that
 * is due it. Who wants places has one at least; where there are too few for that, half of an even part. What nobody wants is not in it.
 */
export function placesDue(places: number, wants: readonly number[], weights: readonly number[] = []): readonly number[] {
  const wanting = wants.filter((want) => want > 0).length
  const oneEach = wanting <= places
  const floor = oneEach ? 1 : places / wanting / 2
  const claims = wants.map((want, at) => ({ want, weight: weights[at] ?? 1, floor }))
  return waterFill(places, claims)
}

/**
 * Divides so many places among workers that are due `due` of them (see `placesDue`). Together the shares are `places`: of what fractions leave, one more goes to
 * each for whom its fraction and what it is `owed` from before are largest, and what nobody wants is divided evenly on top.
 */
export function placeShares(places: number, due: readonly number[], owed: readonly number[] = []): readonly number[] {
  const shares = due.map((one) => Math.floor(one + rounding))
  const missed = due.map((one, at) => Math.max(0, one - (shares[at] ?? 0)))
  const promised = Math.round(sum(missed))
  const longest = due.flatMap((_, at) => ((missed[at] ?? 0) > rounding ? [at] : []))
  const claim = (at: number): number => (missed[at] ?? 0) + (owed[at] ?? 0)
  for (const at of longest.sort((one, other) => claim(other) - claim(one)).slice(0, promised)) shares[at] = (shares[at] ?? 0) + 1
  const over = places - sum(shares)
  return shares.map((share, at) => share + evenPart(over, at, shares.length))
}
