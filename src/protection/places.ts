import type { WaitingFlow } from './waiting-flow.ts'

/** How many places there are, how many of them one consumer may hold, and how many one that has wanted more than that. */
export interface Places {
  readonly limit: number
  readonly mostOfOne: number
  readonly mostOfHeavy: number
}

/** What of a consumer says how many places it may hold. */
type Holder = Pick<WaitingFlow<unknown>, 'guarantee' | 'heavy'>

/** Up to how many places this consumer comes before every other. */
export function guaranteed({ guarantee }: Holder, { limit }: Places): number {
  return guarantee === 0 ? 0 : Math.floor(limit * guarantee)
}

/** How many places this consumer may hold. */
export function mostOf(flow: Holder, places: Places): number {
  return Math.max(flow.heavy ? places.mostOfHeavy : places.mostOfOne, guaranteed(flow, places))
}
