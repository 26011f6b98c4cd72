import type { Clock } from '../lib/clock.ts'
import type { AppendLog } from './append-log.ts'
import type { RefusedCall } from './audit-trail.ts'
import type { Claim } from './claim.ts'
import { createFloodRule, createRefusalCounts, type FloodLimits } from './flood-rule.ts'

/** So many records are made at a time, or those of so many milliseconds: between two handshakes each alone would find no cache warm. */
const together = 16
const longestWait = 50

/** Records calls that were not forwarded, singly or as counts; none is lost while the process lives. */
export interface RefusalRecorder {
  /** Not awaited; never throws. False where the call is counted; true where it is to have a record of its own, which a log that fails may yet make a count. */
  record(call: RefusedCall, floodable: boolean): boolean
  /** Hands what waits to the log: what is recorded next stands behind it. What the log does not take is counted a turn later. Never throws. */
  write(): void
  /** Hands the counts so far, if there are any, to the log; takes them back where it cannot write them. Never throws. */
  flush(claim: Claim): void
}

/**
 * Each call given is either written as a record of its own or counted: over the flood rule's limits, while `mayWrite` says that the
 * disk's space is for others, and when the log does not take the record. So records and counts add up to the calls.
 */
export function createRefusalRecorder(
  settings: () => { readonly flood: FloodLimits; readonly refusalDelayMs: number },
  log: AppendLog,
  mayWrite: () => boolean,
  clock: Clock,
): RefusalRecorder {
  const rule = createFloodRule(() => settings().flood)
  const counts = createRefusalCounts()
  let waiting: (readonly [call: RefusedCall, key: string])[] = []
  let timer: NodeJS.Timeout | undefined
  function count({ rule, status, at }: RefusedCall, key: string): false {
    counts.add({ rule, status, key, count: 1 }, at)
    return false
  }
  function write(): void {
    if (waiting.length === 0) return
    clearTimeout(timer)
    timer = undefined
    const taken = waiting
    waiting = []
    for (const [call, key] of taken) void writeOne(call, key)
  }
  async function writeOne(call: RefusedCall, key: string): Promise<void> {
    try {
      await log.append(call.entry(), 'dispensable')
    } catch {
      count(call, key)
    }
  }
  return {
    record: (call, floodable) => {
      const { address, certificateSha256 } = call.consumer
      const over = floodable ? rule.over(address, certificateSha256, clock.elapsed()) : undefined
      if (over !== undefined) return count(call, over)
      const key = certificateSha256 ?? address
      if (!mayWrite()) return count(call, key)
      waiting.push([call, key])
      if (waiting.length >= together) write()
      else timer ??= setTimeout(write, Math.min(longestWait, settings().refusalDelayMs))
      return true
    },
    write,
    flush: (claim) => {
      const taken = counts.take()
      if (taken === undefined) return
      log.append({ v: 1, type: 'flood', at: clock.now(), ...taken }, claim).catch(() => {
        for (const line of taken.counts) counts.add(line, taken.since)
      })
    },
  }
}
