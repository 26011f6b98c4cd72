import type { Party } from './party-table.ts'
import { partOfNode, type Quota, type QuotaKind } from './quota.ts'

/** How much of its quotas a party may use in this process, where others have parts of them too. */
export interface PartyQuotas {
  /** What the party's calls here may come to. */
  part(party: Party, kind: QuotaKind, quota: number): number
  /** Whether a call that is larger than the quota may pass where nothing else of the party is under way here, with such a part of it. */
  mayExceed(part: number, quota: number): boolean
  /** Asks others for so much more; resolves once an answer is here. Undefined where there is nobody to ask, or nobody had any a moment ago. Never rejects. */
  answer(party: Party, quota: Quota, need: number, now: number): Promise<void> | undefined
  /** From where parties are known; undefined where there is no room for one more. Told once, before all else. */
  serve(partyOf: (dimension: string, party: string) => Party | undefined): void
}

/** Quotas divided among so many nodes, which cannot ask each other; with one, whole. */
export function dividedQuotas(nodes: () => number): PartyQuotas {
  return {
    part: (_party, _kind, quota) => partOfNode(quota, nodes()),
    mayExceed: () => true,
    answer: () => undefined,
    serve: () => undefined,
  }
}
