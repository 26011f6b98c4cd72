import type { AuditEntry } from '../../src/audit/entry.ts'

/** How many exchanges the audit accounts for: each by an entry of its own, or in the counts of a flood. */
export function recordedExchanges(entries: readonly AuditEntry[]): number {
  return entries.reduce((sum, entry) => {
    switch (entry.type) {
      case 'outcome':
      case 'refused':
        return sum + 1
      case 'flood':
        return sum + entry.counts.reduce((counted, { count }) => counted + count, 0)
      default:
        return sum
    }
  }, 0)
}

/** The sum of a counter over all its labels on a page of metrics. */
export function sumOf(page: string, name: string): number {
  return [...page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce((sum, [, value]) => sum + Number(value), 0)
}

/** What in the audit nobody foresaw. */
export function unforeseen(entries: readonly AuditEntry[]): readonly string[] {
  return entries.flatMap((entry) =>
    (entry.type === 'outcome' || entry.type === 'refused') && entry.rule === 'unforeseen' ? [`${entry.exchange}: ${entry.reason}`] : [],
  )
}
