import { AuditUnavailable } from '../audit/audit-trail.ts'
import { IndexUnavailable } from '../audit/index/audit-index.ts'
import type { PartyLook } from '../audit/index/lookups.ts'
import { lateAfter } from '../lib/deadline.ts'
import type { FromWorker, Looked, Notice } from './messages.ts'

/** A look that the control process does not answer for so long is given up. */
const lookWithinMs = 5_000

/** A worker's looks that the control process has not answered. */
export interface Looks {
  /** Asks it. Rejects with `AuditUnavailable` or `IndexUnavailable`. */
  readonly look: PartyLook
  /** Takes its answer. */
  take(message: Extract<Notice, { readonly type: 'looked' }>): void
}

/** Makes them. */
export function createLooks(send: (message: FromWorker) => void): Looks {
  const waiting = new Map<number, (looked: Looked) => void>()
  let last = 0

  return {
    async look(actor, exchange) {
      const look = ++last
      const looked = await new Promise<Looked>((resolve) => {
        const silent: Looked = { unavailable: 'index', reason: 'the control process does not answer' }
        const late = lateAfter(lookWithinMs, () => resolve(silent)).unref()
        waiting.set(look, (answer) => {
          clearTimeout(late)
          resolve(answer)
        })
        send({ type: 'look', look, actor, exchange })
      }).finally(() => waiting.delete(look))
      if ('shown' in looked) return looked.shown
      throw looked.unavailable === 'audit' ? new AuditUnavailable(looked.reason) : new IndexUnavailable(looked.reason)
    },
    take: ({ look, looked }) => waiting.get(look)?.(looked),
  }
}

/** Makes a worker's look in the control process. Never rejects. */
export async function lookedBy(
  look: PartyLook,
  { actor, exchange }: { readonly actor: string; readonly exchange: string },
): Promise<Looked> {
  try {
    return { shown: await look(actor, exchange) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'something that is no error was thrown'
    return { unavailable: error instanceof AuditUnavailable ? 'audit' : 'index', reason }
  }
}
