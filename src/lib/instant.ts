const form = /^(\d{4}-\d{2}-\d{2})(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/

/** The moment of a date (its beginning in UTC), or of a date and time with its offset (ISO 8601), in ms since 1970; undefined for anything else, and for days that no calendar has. */
export function instantOf(text: string): number | undefined {
  const day = form.exec(text)?.[1]
  if (day === undefined) return undefined
  const at = Date.parse(text)
  return Number.isNaN(at) || !isCalendarDay(day) ? undefined : at
}

/** Date.parse takes 30 February for 2 March. */
function isCalendarDay(day: string): boolean {
  return new Date(Date.parse(day)).toISOString().startsWith(day)
}
