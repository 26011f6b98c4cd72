/** A sum over a sliding window, in constant memory: what fell into the window before counts by the share of it that is still in sight. */
export interface RecentSum {
  /** Monotonic ms at which the present window began. */
  readonly began: number
  readonly current: number
  readonly previous: number
}

/** Nothing yet. */
export const noSum: RecentSum = { began: 0, current: 0, previous: 0 }

/** Adds to the sum, at a time that does not go back. Pure. */
export function addTo(sum: RecentSum, amount: number, now: number, windowMs: number): RecentSum {
  const { began, current, previous } = rolled(sum, now, windowMs)
  return { began, current: current + amount, previous }
}

/** The sum as of now; never more than what was added within the last two windows. Pure. */
export function sumAt(sum: RecentSum, now: number, windowMs: number): number {
  const { began, current, previous } = rolled(sum, now, windowMs)
  return current + previous * (1 - (now - began) / windowMs)
}

function rolled(sum: RecentSum, now: number, windowMs: number): RecentSum {
  const windows = Math.floor((now - sum.began) / windowMs)
  if (windows <= 0) return sum
  return { began: sum.began + windows * windowMs, current: 0, previous: windows === 1 ? sum.current : 0 }
}
