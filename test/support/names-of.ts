/** The lower-cased names of header lines (name, value, name, value …). */
export function namesOf(rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())
}
