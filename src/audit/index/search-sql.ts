import { exchangeColumnList, slowestClass, slownessOf } from './exchange-columns.ts'
import type { Cursor, EventSearch, ExchangeSearch } from './search.ts'

/** What is given to SQL; a list where the backend takes one as a value. */
export type Value = string | number | readonly string[]

/** A piece of SQL with `?` where its values go. */
export interface Condition {
  readonly sql: string
  readonly values: readonly Value[]
}

/** One condition of a search. */
export interface Filter {
  readonly name: string
  /** Disjoint conditions, each found by one index in the order of time, that together are the filter. */
  readonly branches: readonly Condition[]
  /** The filter as one condition on a row that was found otherwise. */
  readonly residual: Condition
}

/** The name of the index on a column and the time. */
export function indexName(column: string): string {
  return `exchanges_by_${column}`
}

function equals(name: string, column: string, value: string | number): Filter {
  const condition = { sql: `${column} = ?`, values: [value] }
  return { name, branches: [condition], residual: condition }
}

/** The value in either of two columns; a row that has it in both is found once. */
function either(name: string, first: string, second: string, value: string): Filter {
  return {
    name,
    branches: [
      { sql: `${first} = ?`, values: [value] },
      { sql: `${second} = ? AND ${first} IS DISTINCT FROM ?`, values: [value, value] },
    ],
    residual: { sql: `(${first} = ? OR ${second} = ?)`, values: [value, value] },
  }
}

/** Each octave of durations is found by itself; in the lowest one the duration decides. */
function slowerThan(milliseconds: number): Filter {
  const lowest = slownessOf(milliseconds)
  const residual = { sql: 'total_ms > ?', values: [milliseconds] }
  const branches = Array.from({ length: slowestClass - lowest + 1 }, (_, more) => ({
    sql: more === 0 ? 'slow = ? AND total_ms > ?' : 'slow = ?',
    values: more === 0 ? [lowest, milliseconds] : [lowest + more],
  }))
  return { name: 'slow', branches, residual }
}

function ofSubjects(subjects: readonly string[]): Filter {
  const none = { sql: '1 = 0', values: [] }
  // One value, whatever their number; as a subquery's, lest the planner weigh each of them against each partition. The few that their rows name are read.
  const some = {
    sql: 'exchange = ANY(ARRAY(SELECT exchange FROM subjects WHERE subject = ANY(ARRAY(SELECT unnest(?::text[])))))',
    values: [subjects],
  }
  const condition = subjects.length === 0 ? none : some
  return { name: 'subjects', branches: [condition], residual: condition }
}

/** What is sought, condition by condition, those first that leave few. */
export function filtersOf(search: ExchangeSearch): readonly Filter[] {
  const { exchange, traceId, asid, organisation, interaction, rule, origin, status, slowerThanMs, subjects } = search
  return [
    ...(exchange === undefined ? [] : [equals('exchange', 'exchange', exchange)]),
    ...(subjects === undefined ? [] : [ofSubjects(subjects)]),
    ...(traceId === undefined ? [] : [equals('trace', 'trace_id', traceId.toLowerCase())]),
    ...(asid === undefined ? [] : [either('asid', 'from_asid', 'to_asid', asid)]),
    ...(organisation === undefined ? [] : [either('organisation', 'from_organisation', 'to_organisation', organisation)]),
    ...(rule === undefined ? [] : [equals('rule', 'rule', rule)]),
    ...(status === undefined ? [] : [equals('status', 'status', status)]),
    ...(origin === undefined ? [] : [equals('origin', 'origin', origin)]),
    ...(interaction === undefined ? [] : [equals('interaction', 'interaction', interaction)]),
    ...(slowerThanMs === undefined ? [] : [slowerThan(slowerThanMs)]),
  ]
}

/** All exchanges, found by the time alone. */
export const everyExchange: Filter = {
  name: 'all',
  branches: [1, 0].map((forwarded) => ({ sql: 'forwarded = ?', values: [forwarded] })),
  residual: { sql: '1 = 1', values: [] },
}

/** The time's range. */
function timeRange({ since, until }: Pick<ExchangeSearch, 'since' | 'until'>): readonly Condition[] {
  return [
    ...(since === undefined ? [] : [{ sql: 'at >= ?', values: [since] }]),
    ...(until === undefined ? [] : [{ sql: 'at < ?', values: [until] }]),
  ]
}

function behind(after: Cursor | undefined, key: string): readonly Condition[] {
  if (after === undefined) return []
  return [{ sql: `at <= ? AND (at < ? OR ${key} < ?)`, values: [after.at, after.at, after.key] }]
}

/** Joins conditions that hold together. */
export function allOf(conditions: readonly Condition[]): Condition {
  return { sql: conditions.map(({ sql }) => sql).join(' AND ') || '1 = 1', values: conditions.flatMap(({ values }) => values) }
}

/** The newest exchanges that `driver` finds and the other filters leave. */
export function searchStatement(
  driver: Filter,
  others: readonly Filter[],
  search: ExchangeSearch,
  limit: number,
  after: Cursor | undefined,
): Condition {
  const rest = [...others.map(({ residual }) => residual), ...timeRange(search), ...behind(after, 'exchange')]
  const branches = driver.branches.map((branch) => {
    const where = allOf([branch, ...rest])
    return {
      sql: `SELECT * FROM (SELECT ${exchangeColumnList} FROM exchanges WHERE ${where.sql} ORDER BY at DESC, exchange DESC LIMIT ?) AS branch`,
      values: [...where.values, limit],
    }
  })
  return {
    sql: `${branches.map(({ sql }) => sql).join(' UNION ALL ')} ORDER BY at DESC, exchange DESC LIMIT ?`,
    values: [...branches.flatMap(({ values }) => values), limit],
  }
}

/** The newest operations and floods sought. */
export function eventStatement(search: EventSearch, limit: number, after: Cursor | undefined): Condition {
  const { type, actor, act } = search
  const where = allOf([
    ...(type === undefined ? [] : [{ sql: 'type = ?', values: [type] }]),
    ...(actor === undefined ? [] : [{ sql: 'actor = ?', values: [actor] }]),
    ...(act === undefined ? [] : [{ sql: 'act = ?', values: [act] }]),
    ...timeRange(search),
    ...behind(after, 'key'),
  ])
  return {
    sql: `SELECT log, record, type, at, actor, act, detail FROM events WHERE ${where.sql} ORDER BY at DESC, key DESC LIMIT ?`,
    values: [...where.values, limit],
  }
}
