import { type Part, wholePart } from './part.ts'
import type { WaitingFlow } from './waiting-flow.ts'

/**
 * How many places there are, how many of them one consumer may hold, and how many one that has wanted more than that: in all processes of a machine together;
 * of what is said of one consumer, each process has the consumer's part there. `allPlaces` where it may hold all.
 */
export interface Places {
  readonly limit: number
  readonly mostOfOne: number
  readonly mostOfHeavy: number
}

/** Places as a gate sees them. */
export interface GatePlaces extends Places {
  /** How many there are in this process. */
  readonly here: number
}

/** More places than there ever are: a small whole number to the machine, as infinity is not. */
export const allPlaces = 2 ** 30

/** What of a consumer says how many places it may hold. */
type Holder = Pick<WaitingFlow<unknown>, 'guarantee' | 'heavy' | 'part'>

/** Up to how many places this consumer comes before every other in this process. */
export function guaranteed({ guarantee, part }: Holder, { limit }: Places): number {
  return guarantee === 0 ? 0 : shareOf(Math.floor(limit * guarantee), part)
}

/** How many places this consumer may hold in all processes together. */
export function mostOfAll({ heavy, guarantee }: Holder, { limit, mostOfHeavy, mostOfOne }: Places): number {
  return Math.max(heavy ? mostOfHeavy : mostOfOne, guarantee === 0 ? 0 : Math.floor(limit * guarantee))
}

/** How many places this consumer may hold in this process: one at least, or its calls here would wait for ever. */
export function mostOf(flow: Holder, places: Places): number {
  const most = flow.heavy ? places.mostOfHeavy : places.mostOfOne
  const here = flow.part === wholePart ? most : Math.max(1, shareOf(most, flow.part))
  return Math.max(here, guaranteed(flow, places))
}

/** The parts of all processes together are the whole. */
function shareOf(whole: number, { from, to }: Part): number {
  return Math.floor(whole * to) - Math.floor(whole * from)
}
