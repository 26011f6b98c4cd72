import type { AuditUnavailable } from './audit-trail.ts'
import type { AuditEntry } from './entry.ts'
import { handoverAct } from './log-handover.ts'
import type { ReceiptProof } from './receipt-proof.ts'
import type { DraftEntry } from './stored-entry.ts'

/** An entry that waits for the disk. */
export interface Pending {
  readonly entry: AuditEntry
  readonly draft: DraftEntry
  /** Waits through failures. */
  readonly kept: boolean
  readonly resolve: (receipt: ReceiptProof) => void
  readonly reject: (error: AuditUnavailable) => void
}

/** One write, so that the first of a long queue need not wait for all of it. */
const mostInGroup = 4 * 1_048_576

/** The entries that wait for the disk, oldest first. */
export class PendingQueue {
  #waiting: Pending[] = []
  #bytes = 0

  get length(): number {
    return this.#waiting.length
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes
  }

  push(pending: Pending): void {
    this.#waiting.push(pending)
    this.#bytes += pending.draft.bytes
  }

  /**
   * Takes out the oldest entries that one write may hold: at least one where there is one, and 4 MiB or less unless that one is longer. What comes behind a handover
   * of keys waits for the next: so the old key signs nothing behind it.
   */
  takeGroup(): readonly Pending[] {
    let bytes = 0
    let count = 0
    for (const { entry, draft } of this.#waiting) {
      if (count > 0 && bytes + draft.bytes > mostInGroup) break
      bytes += draft.bytes
      count += 1
      if (entry.type === 'operation' && entry.act === handoverAct) break
    }
    return this.#take(count, bytes)
  }

  takeOldest(): Pending | undefined {
    return this.#take(1, this.#waiting[0]?.draft.bytes ?? 0)[0]
  }

  /** Takes out and returns all; those given stand before those that wait. */
  takeAllAfter(group: readonly Pending[]): readonly Pending[] {
    return [...group, ...this.#take(this.#waiting.length, this.#bytes)]
  }

  #take(count: number, bytes: number): readonly Pending[] {
    this.#bytes -= bytes
    if (count < this.#waiting.length) return this.#waiting.splice(0, count)
    const all = this.#waiting
    this.#waiting = []
    return all
  }
}
