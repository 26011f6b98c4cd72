import type { RegistryFinding } from './registry.ts'

/** Findings as they are made, of which only the first `limit` of each severity are kept; the rest are counted. */
export interface FindingList {
  error(place: string, record: string, message: string): void
  warning(place: string, record: string, message: string): void
  /** Everything kept, errors first, and one more finding that says how many were not. */
  list(): RegistryFinding[]
}

/** An empty list. `limit` bounds memory when a whole directory is wrong in the same way. */
export function createFindingList(limit: number): FindingList {
  const kept: Record<RegistryFinding['severity'], RegistryFinding[]> = { error: [], warning: [] }
  const made = { error: 0, warning: 0 }
  function add(severity: RegistryFinding['severity'], place: string, record: string, message: string): void {
    made[severity]++
    if (kept[severity].length < limit) kept[severity].push({ severity, place, record, message })
  }
  function listed(severity: RegistryFinding['severity']): RegistryFinding[] {
    const left = made[severity] - kept[severity].length
    const last = kept[severity].at(-1)
    if (left === 0 || last === undefined) return kept[severity]
    return [
      ...kept[severity],
      { severity, place: last.place, record: '', message: `${left} more ${severity}s follow this one; they are not listed` },
    ]
  }
  return {
    error: (place, record, message) => add('error', place, record, message),
    warning: (place, record, message) => add('warning', place, record, message),
    list: () => [...listed('error'), ...listed('warning')],
  }
}
