/** The three forms of an HTTP date (RFC 9110, 5.6.7) begin with a day's name. */
const httpDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? [\x20-\x7e]{8,40}$/

/** How many milliseconds a Retry-After asks for (RFC 9110, 10.2.3: seconds, or a date of the wall clock's `now`); 0 where it has neither form or lies in the past. */
export function retryAfterMs(value: string, now: number): number {
  const text = value.trim()
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1000
  if (!httpDate.test(text)) return 0
  // An asctime date names no zone, and means UTC.
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(at) ? 0 : Math.max(0, at - now)
}
