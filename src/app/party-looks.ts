import { setTimeout as pause } from 'node:timers/promises'
import { IndexUnavailable } from '../audit/index/audit-index.ts'
import type { Lookups, PartyLook } from '../audit/index/lookups.ts'

/** Looks of parties that may be under way at once on a machine; operators have the rest of the index's queue. */
const mostUnderWay = 64
/** A look that takes longer is given up. */
const lookWithinMs = 5_000

/** The looks that parties of exchanges make with their own certificates. Rejects, and records nothing, with `IndexUnavailable` where the index could not answer or too many look. */
export function partyLooks(lookups: Pick<Lookups, 'lookAsParty' | 'progress'>): PartyLook {
  let underWay = 0
  return async (actor, exchange) => {
    const { problem } = lookups.progress
    if (problem !== undefined) throw new IndexUnavailable(problem)
    if (underWay >= mostUnderWay) throw new IndexUnavailable('too many parties look at once')
    underWay++
    try {
      return await inTime(lookups.lookAsParty(actor, exchange))
    } finally {
      underWay--
    }
  }
}

/** The index answers in time, or is taken to be away: no caller waits for ever. */
async function inTime<Shown>(look: Promise<Shown>): Promise<Shown> {
  const patience = new AbortController()
  const late = pause(lookWithinMs, undefined, { signal: patience.signal }).then(() => {
    throw new IndexUnavailable(`the index did not answer within ${lookWithinMs / 1000} seconds`)
  })
  try {
    return await Promise.race([look, late])
  } finally {
    patience.abort()
    late.catch(() => undefined)
  }
}
