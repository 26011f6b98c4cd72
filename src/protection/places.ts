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
  return guarantee === 0 ? 0 : Math.round(Math.floor(limit * guarantee) * part)
}

/** How many places this consumer may hold in this process. */
export function mostOf(flow: Holder, places: Places): number {
  const most = flow.heavy ? places.mostOfHeavy : places.mostOfOne
  const here = flow.part === 1 ? most : Math.max(1, Math.floor(most * flow.part))
  return Math.max(here, guaranteed(flow, places))
}
