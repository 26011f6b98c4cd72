/** What the next fetch of a list depends on. */
export interface FetchHistory {
  /** The list in force from this address, times in ms since 1970. */
  readonly current?: { readonly thisUpdate: number; readonly nextUpdate: number }
  readonly everySeconds?: number
  /** Fetches that failed since the last that did not. */
  readonly failures: number
}

const second = 1_000
const firstRetryMs = 30 * second
const longestRetryMs = 3_600 * second
const shortestMs = 60 * second
const longestMs = 86_400 * second

/**
 * In how many milliseconds a list is to be fetched again. After a success: as often as is set; else when half of the list's life is
 * over and then halfway to its end, between a minute and a day. After failures: 30 s (less where the list is asked for more often),
 * doubled up to an hour, the half of it by chance (`random` in [0, 1)), so that nodes that failed together do not come back together.
 */
export function nextFetchIn({ current, everySeconds, failures }: FetchHistory, now: number, random: number): number {
  if (failures > 0) {
    const first = Math.min(firstRetryMs, (everySeconds ?? Number.POSITIVE_INFINITY) * second)
    const spread = 0.5 + random / 2
    return spread * Math.min(longestRetryMs, first * 2 ** Math.min(failures - 1, 20))
  }
  if (everySeconds !== undefined) return everySeconds * second * (0.9 + random / 10)
  if (current === undefined) return shortestMs
  const { thisUpdate, nextUpdate } = current
  const halfLife = thisUpdate + (nextUpdate - thisUpdate) / 2
  const due = now < halfLife ? halfLife - now : (nextUpdate - now) / 2
  return Math.min(longestMs, Math.max(shortestMs, due))
}
