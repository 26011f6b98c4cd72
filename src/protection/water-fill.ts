import { sum } from './sum.ts'

/** What one asks of a whole that is to be divided: its weight, what it gets before the others get more, and the most that it wants. */
export interface Claim {
  readonly weight: number
  readonly floor: number
  readonly want: number
}

/** Halvings of the interval that holds the level: as many as a double has digits. */
const halvings = 52

/**
 * Divides a whole by weighted max-min fairness (Bertsekas and Gallager, Data Networks, 1992), with floors: each gets its weight times one level, no less than
 * its floor and no more than it wants. Where the floors alone are too much, they are cut in proportion. What nobody wants is left over. O(n).
 */
export function waterFill(whole: number, claims: readonly Claim[]): readonly number[] {
  const wanted = claims.map(({ want }) => want)
  if (sum(wanted) <= whole) return wanted
  const floors = claims.map(({ floor, want }) => Math.min(floor, want))
  const atLeast = sum(floors)
  if (atLeast >= whole) {
    const cut = atLeast === 0 ? 0 : whole / atLeast
    return floors.map((floor) => floor * cut)
  }
  const partsAt = (level: number): readonly number[] =>
    claims.map(({ weight, want }, at) => Math.min(want, Math.max(weight * level, floors[at] ?? 0)))
  let [low, high] = [0, claims.reduce((most, { weight, want }) => Math.max(most, want / weight), 0)]
  for (let nth = 0; nth < halvings; nth++) {
    const middle = (low + high) / 2
    if (sum(partsAt(middle)) > whole) high = middle
    else low = middle
  }
  return partsAt(low)
}
