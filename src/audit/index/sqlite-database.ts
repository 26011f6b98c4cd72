import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { privateDirectory } from '../private-modes.ts'
import type { Condition } from './search-sql.ts'

/** Rises with every change of the tables, of exchanges' columns, of the facets' numbers or of what their terms are: an index of another version is made anew from the log. */
const version = 3

const tables = `
  CREATE TABLE positions (log TEXT PRIMARY KEY, next INTEGER NOT NULL, place TEXT NOT NULL, digest TEXT NOT NULL) STRICT;
  CREATE TABLE exchanges (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, log TEXT NOT NULL, row TEXT NOT NULL);
  CREATE TABLE parts (part INTEGER PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL, rows INTEGER NOT NULL);
  CREATE TABLE pieces (key INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE events (key TEXT PRIMARY KEY, log TEXT, record INTEGER, type TEXT, at INTEGER, actor TEXT, act TEXT, detail TEXT) WITHOUT ROWID;
  CREATE INDEX events_by_at ON events (at);
  CREATE INDEX events_by_act ON events (act, at);
  CREATE INDEX events_by_type ON events (type, at);
  PRAGMA user_version = ${version};
`

/** A value of a column. */
export type Value = string | number | null | Uint8Array
type Row = Readonly<Record<string, unknown>>

/** The embedded index's file, opened. Everything is synchronous and throws SQLite's error. */
export interface IndexDatabase {
  rows(condition: Condition): readonly Row[]
  row(sql: string, ...values: Value[]): Row | undefined
  /** How many rows it changed. */
  run(sql: string, ...values: Value[]): number
  /** Row by row, of what need not be in memory at once. */
  each(sql: string, ...values: Value[]): Iterable<Row>
  /** One transaction that writes: all of it, or nothing where it throws. Waits up to 10 s for another process's. */
  together<T>(act: () => T): T
  /** One transaction that reads: what another process commits meanwhile is not seen. */
  reading<T>(act: () => T): T
  /** Differs from what it was wherever the file may hold something else than this connection has written: another one wrote, or a transaction of ours was undone. */
  state(): string
  close(): void
}

/** The file was no database any more, or a damaged one: it has been made anew, empty, and the log is where everything still is. */
class IndexDamaged extends Error {
  override readonly name = 'IndexDamaged'
}

/** SQLITE_CORRUPT and SQLITE_NOTADB; an extended code has the plain one in its last byte. */
function isDamage(error: unknown): boolean {
  return [11, 26].includes(((error as { readonly errcode?: number }).errcode ?? 0) & 0xff)
}

function opened(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 10_000 })
  try {
    // Pages are written back to the file, and synced, for each 10 MB of them. More at once costs less still, but the audit log's own syncs wait for it.
    database.exec(
      'PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 2500; PRAGMA journal_size_limit = 100000000',
    )
    prepareTables(database)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function openedAnew(path: string): DatabaseSync {
  for (const ending of ['', '-wal', '-shm']) rmSync(`${path}${ending}`, { force: true })
  return opened(path)
}

function openedSound(path: string): DatabaseSync {
  try {
    return opened(path)
  } catch (error) {
    if (isDamage(error)) return openedAnew(path)
    throw error
  }
}

/**
 * Opens `index/audit.sqlite` of the data directory, and makes it and its tables where they are missing, another version's or damaged. Where damage shows later, what is
 * asked throws, and is asked of a new file the next time.
 */
export function openIndexDatabase(dataDirectory: string): IndexDatabase {
  const directory = join(dataDirectory, 'index')
  privateDirectory(directory)
  const path = join(directory, 'audit.sqlite')
  let database = openedSound(path)
  const prepared = new Map<string, StatementSync>()
  let undone = 0

  function mending<T>(act: () => T): T {
    try {
      return act()
    } catch (error) {
      if (!isDamage(error)) throw error
      prepared.clear()
      database.close()
      database = openedAnew(path)
      undone += 1
      throw new IndexDamaged(`the index was damaged, and is made anew from the logs: ${(error as Error).message}`, { cause: error })
    }
  }

  function statement(sql: string): StatementSync {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    if (prepared.size >= 200) prepared.clear()
    const made = database.prepare(sql)
    prepared.set(sql, made)
    return made
  }

  function transaction<T>(begin: string, act: () => T): T {
    mending(() => database.exec(begin))
    try {
      const result = act()
      mending(() => database.exec('COMMIT'))
      return result
    } catch (error) {
      undone += 1
      // Some errors, a full disk's among them, have rolled it back already.
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  return {
    // Lists are PostgreSQL's alone: no search here gives one.
    rows: ({ sql, values }) => mending(() => statement(sql).all(...(values as readonly (string | number)[])) as Row[]),
    row: (sql, ...values) => mending(() => statement(sql).get(...values) as Row | undefined),
    run: (sql, ...values) => mending(() => Number(statement(sql).run(...values).changes)),
    *each(sql, ...values) {
      const rows = statement(sql).iterate(...values)
      for (let next = mending(() => rows.next()); next.done !== true; next = mending(() => rows.next())) yield next.value as Row
    },
    together: (act) => transaction('BEGIN IMMEDIATE', act),
    reading: (act) => transaction('BEGIN', act),
    state: () => `${mending(() => statement('PRAGMA data_version').get()?.['data_version'])} ${undone}`,
    close: () => database.close(),
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
