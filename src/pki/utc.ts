/** A moment (ms since 1970) for people: ISO 8601 in UTC, to the second. */
export function utc(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
