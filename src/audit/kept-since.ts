/** The first moment of what is kept so many whole months at this time, ms since 1970: where a month (UTC) begins. */
export function keptSince(now: number, months: number): number {
  const date = new Date(now)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months, 1)
}
