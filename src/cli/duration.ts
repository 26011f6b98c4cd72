const secondsIn: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }

/** Seconds of a duration such as `90s`, `15m`, `1h` or `7d`, at least one; undefined where it is none. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^([1-9][0-9]{0,9})([smhd])$/.exec(text) ?? []
  return count === undefined || unit === undefined ? undefined : Number(count) * (secondsIn[unit] ?? 1)
}
