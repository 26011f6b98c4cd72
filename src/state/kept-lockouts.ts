import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../lib/clock.ts'
import type { FanOutReport } from './lockout-fan-out.ts'
import type { LockoutList } from './lockout-list.ts'
import { isPast, type LockoutRecord } from './lockout-record.ts'
import { forgetScript, readScript } from './lockout-scripts.ts'
import type { LockoutSigning } from './lockout-signing.ts'
import { genuineRecord, isKeptAs, keptText } from './lockout-wire.ts'
import type { RedisConnection } from './redis-connection.ts'

/** What Redis has of lockouts, as far as it is genuine. */
export interface KeptLockouts {
  /** All genuine records, by id; undefined where Redis stops answering. What is too long for one is taken off it, and what is past, by its own clock, which shows `now`, too. */
  readAll(now: number): Promise<ReadonlyMap<string, LockoutRecord> | undefined>
  /** Takes off what stands in the way of a genuine record and is none itself. */
  removedForgery(id: string): Promise<boolean>
}

/** What it is read with. */
export interface KeptParts {
  readonly redis: RedisConnection
  /** The name of the hash. */
  readonly hash: string
  readonly list: LockoutList
  readonly signing: LockoutSigning
  readonly clock: Clock
  readonly report: Pick<FanOutReport, 'refused'>
}

/** Nodes' clocks may differ. One that is far ahead must not take from the others, or from a node that begins, what is in force. */
const forgetAfterMs = 60_000
/** Longer than any record. Bytes. */
const longest = 32_768
/** Read at once, about, where answers come in time; fewer where they do not. */
const [mostAtOnce, fewestAtOnce] = [200, 10]
/** Verified without a pause: calls wait no longer. */
const verifiedAtOnce = 8

/** Reads what is kept in the hash. */
export function keptLockouts({ redis, hash, list, signing, clock, report }: KeptParts): KeptLockouts {
  let atOnce = mostAtOnce
  return {
    async readAll(now) {
      const found = new Map<string, LockoutRecord>()
      let verified = 0
      let cursor = '0'
      do {
        const reply = await redis.run(readScript, [hash], [cursor, String(atOnce), String(longest)])
        if (reply.kind === 'failed') {
          // Over a slow line so much is perhaps never answered in time, and the next try would end like this one.
          atOnce = Math.max(fewestAtOnce, Math.floor(atOnce / 2))
          return undefined
        }
        const [next, pairs] = reply.value as [string, string[]]
        for (let at = 0; at + 1 < pairs.length; at += 2) {
          const [id = '', value = ''] = pairs.slice(at, at + 2)
          const text = keptText(value)
          const mine = list.get(id)
          // Most are as they are here, and need not be verified again.
          const isMine = mine !== undefined && JSON.stringify(mine) === text
          if (!isMine && ++verified % verifiedAtOnce === 0) await turn()
          const record = isMine ? mine : genuineRecord(text, signing)
          if (typeof record === 'string') report.refused(record)
          else if (isPast(record, Math.min(clock.now(), now) - forgetAfterMs)) await redis.run(forgetScript, [hash], [id, value])
          else if (record.id === id) found.set(id, record)
        }
        cursor = next
      } while (cursor !== '0')
      return found
    },
    async removedForgery(id) {
      const found = await redis.send('HGET', hash, id)
      if (found.kind === 'failed' || typeof found.value !== 'string') return false
      const record = genuineRecord(keptText(found.value), signing)
      if (typeof record !== 'string' && record.id === id && isKeptAs(found.value, record)) return false
      report.refused(typeof record === 'string' ? record : 'it stands under another id or epoch than its own')
      await redis.run(forgetScript, [hash], [id, found.value])
      return true
    },
  }
}
