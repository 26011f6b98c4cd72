import { MachineQuotas, type QuotaNotices } from '../protection/machine-quotas.ts'
import type { HeldQuota, QuotaNotice } from '../protection/quota.ts'
import type { FromWorker } from './messages.ts'

/** What parties may have under way on a machine, lent by one worker to another through the control process. */
export interface MachineLending {
  /** A worker lacks some, or says what it holds. */
  heard(worker: string, message: Extract<FromWorker, { readonly type: 'borrow' | 'gave' }>): void
  /** A worker has ended. */
  lost(worker: string): void
  /** A worker begins: what it holds where that is not its even part. */
  began(worker: string): readonly HeldQuota[]
  close(): void
}

/** Quotas move within a message; this often it is looked at whether any may be even again. */
const levelMs = 5_000

/** Makes it; each worker holds its even part of every quota. */
export function createMachineLending(workers: readonly string[], tell: (worker: string, notice: QuotaNotice) => void): MachineLending {
  const quotas = new MachineQuotas(workers.length)
  const tellAll = (notices: QuotaNotices): void => {
    for (const [nth, notice] of notices) tell(workers[nth] ?? '', notice)
  }
  const leveller = setInterval(() => tellAll(quotas.level()), levelMs)
  leveller.unref()
  return {
    heard(worker, message) {
      const nth = workers.indexOf(worker)
      tellAll(message.type === 'gave' ? quotas.gave(nth, message.held) : quotas.borrow(nth, message.quota, message.need))
    },
    lost: (worker) => tellAll(quotas.lost(workers.indexOf(worker))),
    began: (worker) => quotas.began(workers.indexOf(worker)),
    close: () => clearInterval(leveller),
  }
}
