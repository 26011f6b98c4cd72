const hexadecimal = /\b[0-9a-f]{16,}\b/g

/** Lines for faults, the commonest first: of those that differ in ids alone the first one, and how many more there are. */
export function faultLines(faults: readonly string[]): readonly string[] {
  const kinds = new Map<string, { readonly first: string; count: number }>()
  for (const fault of faults) {
    const kind = fault.replace(hexadecimal, '…')
    const known = kinds.get(kind)
    if (known === undefined) kinds.set(kind, { first: fault, count: 1 })
    else known.count += 1
  }
  return [...kinds.values()]
    .sort((a, b) => b.count - a.count)
    .map(({ first, count }) => `FAULT ${first}${count > 1 ? ` (and ${count - 1} more like it)` : ''}`)
}
