/** What of a party's calls is limited at a time, and not by the second. */
export type QuotaKind = 'concurrent' | 'bytes'

/** One limit on what a party has under way. */
export interface Quota {
  readonly kind: QuotaKind
  readonly dimension: string
  readonly party: string
  /** Calls, or bytes. */
  readonly quota: number
}

/** What one process holds of a quota: so much may the party's calls here come to. */
export interface HeldQuota extends Quota {
  readonly held: number
}

/** What a party holds in one process where that is not its even part, or where nobody had more a moment ago. */
export interface LentQuota extends HeldQuota {
  readonly isEven: boolean
  /** Until when it is known that nobody has more; monotonic ms. */
  readonly nothingUntil: number
}

/** A process is asked to give up what it does not use of a quota: so much if it can, and nothing of what `keep` leaves it. */
export interface QuotaRecall extends Quota {
  readonly need: number
  readonly keep: number
}

/** What a worker is told: what it holds; or that it is to give up what it does not use, and say what it holds then. */
export type QuotaNotice = { readonly holds: HeldQuota } | { readonly recall: QuotaRecall }

/** With more nodes than this a party that is on all of them may have more calls at once; divided by hundreds, an honest one could not have two. */
const fewNodes = 8

/** A node's part of a quota where so many share it and cannot ask each other: evenly, or among the few that a party comes to where there are many. */
export function partOfNode(quota: number, nodes: number): number {
  return nodes === 1 ? quota : Math.ceil(quota / Math.min(nodes, fewNodes))
}

/** A quota's name, which no other has. */
export function quotaKey({ kind, dimension, party, quota }: Quota): string {
  return `${kind} ${quota} ${dimension} ${party}`
}
