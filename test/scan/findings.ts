/** What is wrong with a scan: findings that nobody allowed, and allowed ones that no longer occur, as sentences. Empty where all is as it is known. */
export function differences(found: Iterable<string>, allowed: Readonly<Record<string, string>>): readonly string[] {
  const all = new Set(found)
  return [
    ...[...all].filter((one) => !Object.hasOwn(allowed, one)).map((one) => `new: ${one}`),
    ...Object.keys(allowed)
      .filter((one) => !all.has(one))
      .map((one) => `allowed, but it no longer occurs: ${one}`),
  ]
}
