/** The days of the week, as `Date` counts them. */
export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const

/** A span of the wall clock on some days of the week. One that ends at or before its beginning ends on the next day. */
export interface WeeklySpan {
  readonly days: readonly (typeof weekdays)[number][]
  /** `HH:MM`; the span contains its beginning and not its end. */
  readonly from: string
  readonly to: string
}

/** What a clock on the wall shows. */
export interface WallTime {
  /** 0 is Sunday. */
  readonly day: number
  /** Minutes since midnight. */
  readonly minute: number
}

/** Reads the wall clock of a time zone (IANA name), summer time included. Throws `RangeError` for a zone that does not exist. */
export function wallClock(timeZone: string): (now: number) => WallTime {
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  return (now) => {
    const parts = new Map(format.formatToParts(now).map(({ type, value }) => [type, value]))
    const day = parts.get('weekday')?.slice(0, 3).toLowerCase() as (typeof weekdays)[number]
    return { day: weekdays.indexOf(day), minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) }
  }
}

/**
 * Whether the wall clock stands in the span. Spans are those of the clock on the wall: in spring an hour that the clock leaves out is not
 * there, in autumn one that it shows twice counts twice.
 */
export function isWithin({ days, from, to }: WeeklySpan, { day, minute }: WallTime): boolean {
  const [begin, end] = [minuteOf(from), minuteOf(to)]
  const on = (one: number): boolean => days.some((name) => weekdays.indexOf(name) === one)
  if (begin < end) return on(day) && minute >= begin && minute < end
  return (on(day) && minute >= begin) || (on((day + 6) % 7) && minute < end)
}

function minuteOf(time: string): number {
  const [hours, minutes] = time.split(':')
  return Number(hours) * 60 + Number(minutes)
}
