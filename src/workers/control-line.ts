import type { PartyLook } from '../audit/index/lookups.ts'
import { lateAfter } from '../lib/deadline.ts'
import type { LeaseGrant } from '../protection/lease.ts'
import type { QuotaLine } from '../protection/lent-quotas.ts'
import type { Evidence } from '../protection/lockout-rules.ts'
import type { SharedBuckets } from '../protection/shared-buckets.ts'
import { createLockoutsQuestion } from './lockouts-question.ts'
import { createLooks } from './looks.ts'
import type { FromWorker, ToWorker } from './messages.ts'

/** A worker's line to the control process. */
export interface ControlLine {
  send(message: FromWorker): void
  /** Takes note of evidence; it goes with others a moment later. */
  suspected(evidence: Evidence): void
  /** The machine's buckets, of which so many workers lease. */
  buckets(among: number): SharedBuckets
  /** The machine's quotas, of which workers lend each other what they do not use. */
  readonly quotas: QuotaLine
  /** A party's look at an exchange, made by the control process. */
  readonly look: PartyLook
  /** Resolves once this worker has been told of every lockout that the machine, and other nodes, knew of when it asked. */
  readonly lockoutsTold: () => Promise<void>
}

const gatherMs = 50
/** Evidence goes at once when there is so much. */
const mostGathered = 200
/** A lease that is not answered for so long is not waited for: until the control process answers again, the worker goes on with its part. */
const leaseWithinMs = 500

/** Opens it. Every message but those about leases is passed on. */
export function openControlLine(heard: (message: ToWorker) => void): ControlLine {
  const leases = new Map<number, (grants: readonly LeaseGrant[] | undefined) => void>()
  let lastLease = 0
  /** The control process has let a lease wait too long, and nothing of its buckets was heard since. */
  let silent = false
  let gathered: Evidence[] = []
  let timer: NodeJS.Timeout | undefined

  const looks = createLooks(send)
  const lockouts = createLockoutsQuestion(send)

  process.on('message', (message: ToWorker) => {
    if (message.type === 'leased') {
      silent = false
      leases.get(message.lease)?.(message.grants)
    } else if (message.type === 'looked') looks.take(message)
    else if (message.type === 'told-lockouts') lockouts.take(message)
    else heard(message)
  })

  function send(message: FromWorker): void {
    if (process.connected) process.send?.(message, undefined, {}, () => undefined)
  }

  /** Whether an answer is to be expected now. */
  function reachable(): boolean {
    return process.connected && !silent
  }

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    const evidence = gathered
    gathered = []
    if (evidence.length > 0) send({ type: 'suspected', evidence })
  }

  return {
    look: looks.look,
    lockoutsTold: lockouts.ask,
    send,
    quotas: {
      get reachable() {
        return reachable()
      },
      borrow: (quota, need) => send({ type: 'borrow', quota, need }),
    },
    suspected(evidence) {
      gathered.push(evidence)
      if (gathered.length >= mostGathered) flush()
      else timer ??= setTimeout(flush, gatherMs).unref()
    },
    buckets: (among) => ({
      get reachable() {
        return reachable()
      },
      nodes: among,
      lease(asks) {
        const lease = ++lastLease
        return new Promise((resolve) => {
          const settle = (grants: readonly LeaseGrant[] | undefined): void => {
            clearTimeout(late)
            leases.delete(lease)
            resolve(grants)
          }
          const late = lateAfter(leaseWithinMs, () => {
            if (!leases.has(lease)) return
            silent = true
            settle(undefined)
          }).unref()
          leases.set(lease, settle)
          send({ type: 'lease', lease, asks })
        })
      },
    }),
  }
}
