import { exchangeColumnList, slowestClass, slownessOf } from './exchange-columns.ts'
import type { Cursor, EventSearch, ExchangeSearch } from './search.ts'

/** What is given to SQL; a list where the backend takes one as a value. */
export type Value = string | number | readonly string[]

/** A piece of SQL with `?` where its values go. */
export interface Condition {
  readonly sql: string
  readonly values: readonly Value[]
  /** The index that finds it in the order of time. */
  readonly index?: string
}

/** One condition of a search. */
export interface Filter {
  readonly name: string
  /** Disjoint conditions, each found by one index, that together are the filter. */
  readonly branches: readonly Condition[]
  /** The filter as one condition on a row that was found otherwise. */
  readonly residual: Condition
}

/** The name of the index on a column and the time. */
export function indexName(column: string): string {
  return `exchanges_by_${column}`
}

function equals(name: string, column: string, value: string | number): Filter {
  const condition = { sql: `${column} = ?`, values: [value], index: indexName(column) }
  return { name, branches: [condition], residual: condition }
}

/** The value in either of two columns; a row that has it in both is found once. */
function either(name: string, first: string, second: string, value: string): Filter {
  return {
    name,
    branches: [
      { sql: `${first} = ?`, values: [value], index: indexName(first) },
      { sql: `${second} = ? AND ${first} IS DISTINCT FROM ?`, values: [value, value], index: indexName(second) },
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
    index: indexName('slow'),
  }))
  return { name: 'slow', branches, residual }
}

function ofSubjects(subjects: readonly string[], { among }: Dialect): Filter {
  const condition = subjects.length === 0 ? { sql: '1 = 0', values: [] } : among(subjects)
  return { name: 'subjects', branches: [condition], residual: condition }
}

/** What backends say differently. */
export interface Dialect {
  /** That an exchange is among those that these subjects' rows name, so that the few are read and not the whole table. They may be thousands. */
  readonly among: (subjects: readonly string[]) => Condition
  /** That a column of random text has a value, by an index that may hold the text's beginning alone; with how often the value is given. */
  readonly random: (column: string) => readonly [sql: string, times: 1 | 2]
}

/** A column of random text that has this value. */
export function randomly(name: string, column: string, value: string, { random }: Dialect): Filter {
  const [sql, times] = random(column)
  const condition = { sql, values: times === 2 ? [value, value] : [value], index: indexName(column) }
  return { name, branches: [condition], residual: condition }
}

/** What is sought, condition by condition, those first that leave few. */
export function filtersOf(search: ExchangeSearch, dialect: Dialect): readonly Filter[] {
  const { exchange, traceId, asid, organisation, interaction, rule, origin, status, slowerThanMs, subjects } = search
  return [
    ...(exchange === undefined ? [] : [randomly('exchange', 'exchange', exchange, dialect)]),
    ...(subjects === undefined ? [] : [ofSubjects(subjects, dialect)]),
    ...(traceId === undefined ? [] : [randomly('trace', 'trace_id', traceId.toLowerCase(), dialect)]),
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
  branches: [1, 0].map((forwarded) => ({ sql: 'forwarded = ?', values: [forwarded], index: indexName('forwarded') })),
  residual: { sql: '1 = 1', values: [] },
}

/** The time's range. */
export function timeRange({ since, until }: Pick<ExchangeSearch, 'since' | 'until'>): readonly Condition[] {
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

/** The newest exchanges that `driver` finds and the other filters leave. `hint` names the branch's index in the backend's own words. */
export function searchStatement(
  driver: Filter,
  others: readonly Filter[],
  search: ExchangeSearch,
  limit: number,
  after: Cursor | undefined,
  hint: (index: string | undefined) => string,
): Condition {
  const rest = [...others.map(({ residual }) => residual), ...timeRange(search), ...behind(after, 'exchange')]
  const branches = driver.branches.map((branch) => {
    const where = allOf([branch, ...rest])
    return {
      sql: `SELECT * FROM (SELECT ${exchangeColumnList} FROM exchanges ${hint(branch.index)} WHERE ${where.sql} ORDER BY at DESC, exchange DESC LIMIT ?) AS branch`,
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
