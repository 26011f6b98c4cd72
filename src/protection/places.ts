import type { WaitingFlow } from './waiting-flow.ts'

/**
 * How many places there are, how many of them one consumer may hold, and how many one that has wanted more than that: in all processes of a machine together;
 * of what is said of one consumer, each process has the consumer's part there. Infinite where it may hold all.
 */
export interface Places {
  readonly limit: number
  readonly mostOfOne: number
  readonly mostOfHeavy: number
}

/** What of a consumer says how many places it may hold. */
type Holder = Pick<WaitingFlow<unknown>, 'guarantee' | 'heavy' | 'part'>

/** Up to how many places this consumer comes before every other in this process. */
export function guaranteed({ guarantee, part }: Holder, { limit }: Places): number {
  return guarantee === 0 ? 0 : Math.round(Math.floor(limit * guarantee) * part)
}

/** How many places this consumer may hold in this process. */
export function mostOf(flow: Holder, places: Places): number {
  const most = Math.floor((flow.heavy ? places.mostOfHeavy : places.mostOfOne) * flow.part)
  return Math.max(1, most, guaranteed(flow, places))
}
