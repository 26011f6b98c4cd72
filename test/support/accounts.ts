import type { AuditEntry } from '../../src/audit/entry.ts'
import type { WorldProcess } from './start-world-process.ts'
import { until } from './until.ts'

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

/** Answers that the audit accounts for, by status: each by an entry of its own, or in the counts of a flood. */
export function statusesOf(entries: readonly AuditEntry[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>()
  const add = (status: number, count: number) => found.set(status, (found.get(status) ?? 0) + count)
  for (const entry of entries) {
    if (entry.type === 'outcome' || entry.type === 'refused') add(entry.status, 1)
    if (entry.type === 'flood') for (const { status, count } of entry.counts) add(status, count)
  }
  return found
}

/** Refused calls that the audit accounts for, singly and as counts, by rule. */
export function refusedByRule(entries: readonly AuditEntry[]): ReadonlyMap<string, { single: number; counted: number }> {
  const found = new Map<string, { single: number; counted: number }>()
  const of = (rule: string) => {
    const known = found.get(rule) ?? { single: 0, counted: 0 }
    found.set(rule, known)
    return known
  }
  for (const entry of entries) {
    if (entry.type === 'refused') of(entry.rule).single++
    if (entry.type === 'flood') for (const { rule, count } of entry.counts) of(rule).counted += count
  }
  return found
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

/** Exchanges that a proxy counted, and that its audit accounts for. */
export interface Accounts {
  readonly exchanges: number
  readonly recorded: number
  /** One sentence each. */
  readonly faults: readonly string[]
}

/** Holds the proxy's own counts against its audit, and asks whether it is well. */
export async function accountsOf(world: WorldProcess): Promise<Accounts> {
  const faults: string[] = []
  const live = await world.page('/livez').catch((error: unknown) => ({ status: 0, body: String(error) }))
  if (live.status !== 200) faults.push(`/livez says ${live.status} ${live.body}`)
  const exchanges = sumOf((await world.page('/metrics')).body, 'ssp_exchanges_total')
  const recorded = await until(
    'the audit accounts for every exchange',
    () => {
      const sum = recordedExchanges(world.audit())
      return sum >= exchanges && sum
    },
    { everyMs: 500 },
  ).catch(() => recordedExchanges(world.audit()))
  if (recorded !== exchanges) faults.push(`${exchanges} exchanges ended, and the audit accounts for ${recorded}`)
  faults.push(...unforeseen(world.audit()).map((one) => `unforeseen: ${one}`))
  for (const line of world.log) {
    const level = line['level']
    if (level === 'error' || level === 'fatal') faults.push(`the log says ${JSON.stringify(line)}`)
  }
  return { exchanges, recorded, faults }
}
