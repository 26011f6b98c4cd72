/** What one party may use at a time, in a form that is quick to hold it to. What is absent is not limited. */
export interface PartyLimit {
  readonly rate?: Rate
  /** Calls under way at once. */
  readonly concurrent?: number
  /** Bytes of bodies of calls under way. */
  readonly bytes?: number
}

/** A rate that may be used in bursts, by the generic cell rate algorithm (ITU-T I.371). */
export interface Rate {
  readonly perSecond: number
  /** Most requests at once after a pause. */
  readonly burst: number
  /** Milliseconds that one request takes of it. */
  readonly interval: number
  /** Milliseconds that may be taken in advance. */
  readonly tolerance: number
}

/** Makes a rate, with a burst of whole requests, one at least. */
export function rateOf(perSecond: number, burst: number): Rate {
  const most = Math.max(1, Math.floor(burst))
  const interval = 1000 / perSecond
  return { perSecond, burst: most, interval, tolerance: interval * most }
}

/** Which of a party's limits is meant. */
export type LimitKind = 'requests' | 'concurrent' | 'bytes'

/** How one party stands with one limit. */
export interface Standing {
  /** The dimension that the limit is of, such as `system`. */
  readonly dimension: string
  readonly kind: LimitKind
  readonly quota: number
  /** Seconds in which the quota comes back; absent where it is given back and not earned. */
  readonly window?: number
  /** How much could follow at once. */
  readonly remaining: number
  /** Milliseconds until one more request may pass; 0 where one does. */
  readonly retryAfter: number
  /** Milliseconds until the whole quota is there again. */
  readonly reset: number
}

/** Whether so many requests conform at `now` to a bucket whose theoretical arrival time is `due`, both monotonic ms. */
export function conforms(rate: Rate, due: number, now: number): boolean {
  return Math.max(due, now) + rate.interval - now <= rate.tolerance + 1e-9
}

/** How a party stands whose bucket's theoretical arrival time is `due`. */
export function rateStanding(dimension: string, rate: Rate, due: number, now: number): Standing {
  const ahead = Math.max(0, due - now)
  const over = ahead + rate.interval - rate.tolerance
  return {
    dimension,
    kind: 'requests',
    quota: rate.burst,
    window: Math.max(1, Math.ceil(rate.tolerance / 1000)),
    remaining: Math.max(0, Math.floor((rate.tolerance - ahead) / rate.interval + 1e-9)),
    retryAfter: over > 1e-9 ? over : 0,
    reset: ahead,
  }
}
