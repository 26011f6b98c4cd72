import type { ForwardingEntry, OperationEntry, OutcomeEntry, RefusedEntry } from './entry.ts'
import type { ReceiptProof } from './receipt-proof.ts'

/** Where an entry stands, with the proof of it: it is durable when one holds this. The index is 0-based, without gaps. */
export type Receipt = ReceiptProof

/** The record could not be made durable: nothing may be forwarded. */
export class AuditUnavailable extends Error {
  override readonly name = 'AuditUnavailable'
}

/** How well the log can be proven to others, and what it seals be read; no call is refused for any of it. */
export interface ProofHealth {
  /** Checkpoints that could not be signed or written since the start; each is tried again a second later. */
  readonly checkpointFailures: number
  /** Why the last one could not, in a sentence; undefined where it was. */
  readonly checkpointFault: string | undefined
  /** What is wrong with the key that signs, and what to do, in a sentence; undefined where nothing is. */
  readonly keyFault: string | undefined
  /** What is wrong with the key under which what names people is sealed, in a sentence; undefined where nothing is. */
  readonly sealingFault: string | undefined
}

/** A call that was not forwarded: what it is counted by, and its entry, which is made once it is to be written. Of a flood most calls are only counted. */
export interface RefusedCall extends Pick<RefusedEntry, 'at' | 'consumer' | 'rule' | 'status'> {
  entry(): RefusedEntry
}

/** The audit as the path sees it. */
export interface AuditTrail {
  /** Resolves once the entry is on disk. Rejects with `AuditUnavailable`. */
  forwarding(entry: ForwardingEntry): Promise<Receipt>
  /** Kept until it is on disk, retried while the disk is full; never throws. The second half of the reserved space is for these. */
  outcome(entry: OutcomeEntry): void
  /**
   * Not awaited; under the flood rule (10 a second per address and per certificate, 100 per process, the rest counted) when `floodable`. Never throws. Tells
   * whether the call is to have a record of its own.
   */
  refused(call: RefusedCall, floodable: boolean): boolean
  /** Resolves once on disk. Rejects with `AuditUnavailable`. */
  operation(entry: OperationEntry): Promise<Receipt>
  /** Whether a forwarding entry could be written now, and why not. */
  readonly health: { readonly writable: boolean; readonly reason?: string }
  readonly proofs: ProofHealth
  /** Forwarded exchanges whose outcome has not been given. */
  readonly open: number
  /** Writes what is pending and closes; entries given later reject. */
  close(): Promise<void>
}
