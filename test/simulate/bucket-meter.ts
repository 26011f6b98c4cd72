/** Measures what passes under a limit against one exact bucket: how far beyond it, in requests and as a share of what was allowed. */
export interface BucketMeter {
  passed(now: number): void
  /** Requests beyond what one bucket would have let pass, at the worst moment. */
  readonly overshoot: number
  /** The same as a share of what the limit allowed from when it was last unused until then. */
  readonly share: number
  readonly requests: number
}

/** A meter whose bucket is full. `perSecond` and `burst` are those of the limit; times in ms. */
export function bucketMeter(perSecond: number, burst: number): BucketMeter {
  const perMs = perSecond / 1000
  let tokens = burst
  let at = 0
  let since = 0
  let used = 0
  let overshoot = 0
  let share = 0
  let requests = 0
  return {
    passed(now) {
      tokens = Math.min(burst, tokens + (now - at) * perMs)
      if (tokens >= burst) {
        since = now
        used = 0
      }
      at = now
      tokens--
      used++
      requests++
      if (-tokens <= overshoot + 1e-9) return
      overshoot = -tokens
      share = Math.max(share, used / (burst + (now - since) * perMs) - 1)
    },
    get overshoot() {
      return overshoot
    },
    get share() {
      return share
    },
    get requests() {
      return requests
    },
  }
}
