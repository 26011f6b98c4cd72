import type { LeaseAsk, LeaseGrant } from './lease.ts'

/** Buckets that several nodes share: the port that leases go through. */
export interface SharedBuckets {
  /** Whether an answer is to be expected now. */
  readonly reachable: boolean
  /** Nodes alive, this one included, as was last known: at least 1. */
  readonly nodes: number
  /** Leases of several buckets in one operation, in the order asked; undefined where there was no answer in time. Never rejects. */
  lease(asks: readonly (LeaseAsk & { readonly bucket: string })[]): Promise<readonly LeaseGrant[] | undefined>
}
