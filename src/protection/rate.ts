/** A rate that may be used in bursts. */
export interface RateLimit {
  /** Requests a second. */
  readonly perSecond: number
  /** Most requests at once after a pause. */
  readonly burst: number
}

/** What a party has left of its rate. */
export interface RateStatus {
  readonly allowed: boolean
  readonly limit: RateLimit
  /** Whole requests that could follow at once. */
  readonly remaining: number
  /** Milliseconds until one more request passes; 0 where one does. */
  readonly retryAfter: number
  /** Milliseconds until the whole burst is there again. */
  readonly reset: number
}

/**
 * One step of the generic cell rate algorithm (ITU-T I.371): `due` is the theoretical arrival time that was kept for the party, in monotonic
 * milliseconds. Returns the status and what to keep. Pure; a refused request changes nothing.
 */
export function takeFromRate(
  limit: RateLimit,
  due: number | undefined,
  now: number,
): { readonly status: RateStatus; readonly due: number } {
  const interval = 1000 / limit.perSecond
  const tolerance = interval * limit.burst
  const start = Math.max(due ?? now, now)
  const next = start + interval
  const allowed = next - now <= tolerance + 1e-9
  const kept = allowed ? next : start
  const status: RateStatus = {
    allowed,
    limit,
    remaining: Math.max(0, Math.floor((tolerance - (kept - now)) / interval + 1e-9)),
    retryAfter: allowed ? 0 : next - now - tolerance,
    reset: kept - now,
  }
  return { status, due: kept }
}
