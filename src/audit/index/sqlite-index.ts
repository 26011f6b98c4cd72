import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { privateDirectory } from '../private-modes.ts'
import { eventOf } from './event-row.ts'
import { columnValue, exchangeColumns, exchangeOf, outcomeColumns, searchedColumns, slownessOf } from './exchange-columns.ts'
import type { IndexStore } from './index-store.ts'
import { type IndexBatch, type IndexedExchange, type LateOutcome, type LogPosition, orphanOf } from './indexed.ts'
import { type Cursor, type ExchangeSearch, eventKey } from './search.ts'
import {
  allOf,
  type Condition,
  type Dialect,
  eventStatement,
  everyExchange,
  type Filter,
  filtersOf,
  indexName,
  searchStatement,
  timeRange,
} from './search-sql.ts'

/** Rises with every change of the tables: an index of another version is made anew from the log. */
const version = 2

type Value = string | number | null
const blank = (value: unknown): Value =>
  value === undefined ? null : typeof value === 'boolean' ? Number(value) : (columnValue(value) as Value)

/** What the index of a column of random text holds of it: 40 bits of hexadecimal digits tell nearly all apart in a third of the space, and space is speed. */
const beginning = (column: string): string => `substr(${column}, 1, 10)`

const dialect: Dialect = {
  among: (subjects) => ({
    sql: `id IN (SELECT id FROM subjects WHERE subject IN (${subjects.map(() => '?').join(', ')}))`,
    values: subjects,
  }),
  random: (column) => [`${beginning(column)} = substr(?, 1, 10) AND ${column} = ?`, 2],
}
const ofExchange = dialect.random('exchange')[0]

const slowOf = (totalMs: number | undefined): Value => (totalMs === undefined ? null : slownessOf(totalMs))

const types = { text: 'TEXT', number: 'NUMERIC', boolean: 'INTEGER', json: 'TEXT' } as const
const tables = `
  CREATE TABLE positions (log TEXT PRIMARY KEY, next INTEGER NOT NULL, place TEXT NOT NULL, digest TEXT NOT NULL) STRICT;
  CREATE TABLE exchanges (id INTEGER PRIMARY KEY AUTOINCREMENT, ${exchangeColumns.map(([column, , kind]) => `${column} ${types[kind]}`).join(', ')}, slow INTEGER);
  CREATE INDEX ${indexName('exchange')} ON exchanges (${beginning('exchange')});
  CREATE INDEX ${indexName('trace_id')} ON exchanges (${beginning('trace_id')}, at) WHERE trace_id IS NOT NULL;
  ${searchedColumns
    .filter((column) => column !== 'trace_id')
    .map((column) => `CREATE INDEX ${indexName(column)} ON exchanges (${column}, at) WHERE ${column} IS NOT NULL;`)
    .join('\n  ')}
  CREATE INDEX ${indexName('slow')} ON exchanges (slow, at, total_ms) WHERE slow IS NOT NULL;
  CREATE INDEX exchanges_by_at ON exchanges (at);
  CREATE TABLE subjects (subject TEXT NOT NULL, id INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (subject, id)) WITHOUT ROWID;
  CREATE INDEX subjects_by_at ON subjects (at);
  CREATE TABLE events (key TEXT PRIMARY KEY, log TEXT, record INTEGER, type TEXT, at INTEGER, actor TEXT, act TEXT, detail TEXT) WITHOUT ROWID;
  CREATE INDEX events_by_at ON events (at);
  CREATE INDEX events_by_act ON events (act, at);
  CREATE INDEX events_by_type ON events (type, at);
  PRAGMA user_version = ${version};
`

/** How many of a filter's rows are counted to find the one that leaves the fewest. */
const sample = 2000
/** Rows that one purge's transaction takes out: the feeder and searches come in between. */
const purgedAtOnce = 5000

/** The index in one file of the data directory, `index/audit.sqlite`. Its calls are synchronous within: it belongs in a thread of its own. */
export function openSqliteIndex(dataDirectory: string): IndexStore {
  const directory = join(dataDirectory, 'index')
  privateDirectory(directory)
  const database = new DatabaseSync(join(directory, 'audit.sqlite'), { timeout: 10_000 })
  // A checkpoint writes pages from all over the file: one for each 10 MB costs a fraction of one for each batch. One for 80 MB costs less still, but syncs
  // so much at once that the audit log's own syncs wait for it: with half of the capacity p99 was 50 ms, and is about 30.
  database.exec(
    'PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -196608; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 2500; PRAGMA journal_size_limit = 100000000',
  )
  prepareTables(database)

  const prepared = new Map<string, StatementSync>()
  function statement(sql: string): StatementSync {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    if (prepared.size >= 200) prepared.clear()
    const made = database.prepare(sql)
    prepared.set(sql, made)
    return made
  }
  // Lists come from another backend's dialect alone.
  const rows = ({ sql, values }: Condition) => statement(sql).all(...(values as readonly Value[])) as Record<string, unknown>[]
  const row = (sql: string, ...values: Value[]) => statement(sql).get(...values) as Record<string, unknown> | undefined
  const run = (sql: string, ...values: Value[]) => statement(sql).run(...values)

  function together<T>(act: () => T): T {
    database.exec('BEGIN IMMEDIATE')
    try {
      const result = act()
      database.exec('COMMIT')
      return result
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
  }

  const position = (log: string): LogPosition | undefined =>
    row('SELECT next, place, digest FROM positions WHERE log = ?', log) as unknown as LogPosition | undefined

  const marks = exchangeColumns.map(() => '?').join(', ')
  const insertion = `INSERT INTO exchanges (${exchangeColumns.map(([column]) => column).join(', ')}, slow) VALUES (${marks}, ?)`
  const change = `UPDATE exchanges SET ${outcomeColumns.map(([column]) => `${column} = ?`).join(', ')}, slow = ? WHERE ${ofExchange} AND log = ?`

  function insert(one: IndexedExchange): number {
    const { lastInsertRowid } = run(insertion, ...exchangeColumns.map(([, field]) => blank(one[field])), slowOf(one.totalMs))
    return Number(lastInsertRowid)
  }
  function addSubjects(id: number, at: number, subjects: readonly string[]): void {
    for (const subject of subjects) run('INSERT OR IGNORE INTO subjects VALUES (?, ?, ?)', subject, id, at)
  }
  function addOutcome(log: string, outcome: LateOutcome): void {
    const values = outcomeColumns.map(([, field]) => blank(outcome[field]))
    const { changes } = run(change, ...values, slowOf(outcome.totalMs), outcome.exchange, outcome.exchange, log)
    // The segment with the forwarding record was removed with its period: what the outcome says is what there is.
    if (changes === 0) insert(orphanOf(log, outcome))
    if (outcome.subjects.length === 0) return
    const found = row(`SELECT id, at FROM exchanges WHERE ${ofExchange} AND log = ?`, outcome.exchange, outcome.exchange, log)
    addSubjects(Number(found?.['id']), Number(found?.['at']), outcome.subjects)
  }

  /** The filter that the index finds the fewest rows of in this time, and the others. */
  function driverOf(search: ExchangeSearch): readonly [driver: Filter, others: readonly Filter[]] {
    const filters = filtersOf(search, dialect)
    const [first = everyExchange] = filters
    if (filters.length < 2 || ['exchange', 'subjects', 'trace'].includes(first.name)) return [first, filters.filter((one) => one !== first)]
    const range = timeRange(search)
    const counted = filters.map((filter) => {
      let count = 0
      for (const branch of filter.branches) {
        const { sql, values } = allOf([branch, ...range])
        const found = row(
          `SELECT count(*) AS n FROM (SELECT 1 FROM exchanges INDEXED BY ${branch.index} WHERE ${sql} LIMIT ${sample})`,
          ...(values as readonly Value[]),
        )
        count += Number(found?.['n'])
        if (count >= sample) break
      }
      return { filter, count }
    })
    const best = counted.reduce((least, one) => (one.count < least.count ? one : least)).filter
    return [best, filters.filter((one) => one !== best)]
  }

  return {
    position: async (log) => position(log),
    add: async (batch: IndexBatch) =>
      together(() => {
        if ((position(batch.log)?.next ?? 0) !== batch.from) return false
        for (const { subjects, ...exchange } of batch.exchanges) {
          addSubjects(insert(exchange), exchange.at, subjects)
        }
        for (const outcome of batch.outcomes) addOutcome(batch.log, outcome)
        for (const event of batch.events) {
          const { log, record, type, at, actor, act, detail } = event
          run(
            'INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
            eventKey(event),
            log,
            record,
            type,
            at,
            blank(actor),
            blank(act),
            JSON.stringify(detail),
          )
        }
        const { next, place, digest } = batch.position
        run('INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?)', batch.log, next, place, digest)
        return true
      }),
    forget: async (log) =>
      together(() => {
        run('DELETE FROM subjects WHERE id IN (SELECT id FROM exchanges WHERE log = ?)', log)
        for (const table of ['exchanges', 'events', 'positions']) run(`DELETE FROM ${table} WHERE log = ?`, log)
      }),
    find: async (exchange) => {
      const found = row(`SELECT * FROM exchanges WHERE ${ofExchange} ORDER BY at DESC LIMIT 1`, exchange, exchange)
      return found === undefined ? undefined : exchangeOf(found)
    },
    search: async (search: ExchangeSearch, limit: number, after?: Cursor) => {
      const [driver, others] = driverOf(search)
      return rows(
        searchStatement(driver, others, search, limit, after, (index) => (index === undefined ? 'NOT INDEXED' : `INDEXED BY ${index}`)),
      ).map(exchangeOf)
    },
    events: async (search, limit, after) => rows(eventStatement(search, limit, after)).map(eventOf),
    purge: async (before) => {
      for (const table of ['exchanges', 'subjects', 'events'] as const) {
        const key = { exchanges: 'id', subjects: '(subject, id)', events: 'key' }[table]
        const columns = key.replaceAll(/[()]/g, '')
        const sql = `DELETE FROM ${table} WHERE ${key} IN (SELECT ${columns} FROM ${table} WHERE at < ? LIMIT ${purgedAtOnce})`
        while (together(() => run(sql, before).changes) === purgedAtOnce) await new Promise((resolve) => setImmediate(resolve))
      }
      database.exec('PRAGMA incremental_vacuum(2000)')
    },
    close: async () => database.close(),
  }
}

function prepareTables(database: DatabaseSync): void {
  const found = database.prepare('PRAGMA user_version').get() as { user_version: number }
  if (found.user_version === version) return
  const old = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all() as {
    name: string
  }[]
  database.exec(`BEGIN IMMEDIATE; ${old.map(({ name }) => `DROP TABLE "${name}";`).join(' ')} ${tables} COMMIT`)
}
