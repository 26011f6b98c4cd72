import type { ClientBase } from 'pg'
import { periodOf } from '../period-keys.ts'
import { exchangeColumns, outcomeColumns, searchedColumns } from './exchange-columns.ts'
import { claimTable } from './postgres-claims.ts'
import { indexName } from './search-sql.ts'

/** Rises with every change of the tables that another version of the program cannot live with; a table that comes along is made where it is missing. */
const version = 2

const types = { text: 'text', number: 'double precision', boolean: 'smallint', json: 'text' } as const
const whole = new Set(['record', 'outcome_record', 'at', 'ended', 'request_bytes', 'response_bytes'])
const typeOf = (column: string, kind: keyof typeof types): string => (whole.has(column) ? 'bigint' : types[kind])

/** The tables that are divided by month. */
export const dividedTables = ['exchanges', 'subjects', 'events'] as const

const tables = `
  CREATE TABLE index_version (version integer PRIMARY KEY);
  CREATE TABLE positions (log text PRIMARY KEY, next bigint NOT NULL, place text NOT NULL, digest text NOT NULL);
  CREATE TABLE exchanges (${exchangeColumns.map(([column, , kind]) => `${column} ${typeOf(column, kind)}`).join(', ')}, slow smallint) PARTITION BY RANGE (at);
  CREATE INDEX ${indexName('exchange')} ON exchanges (exchange);
  ${searchedColumns.map((column) => `CREATE INDEX ${indexName(column)} ON exchanges (${column}, at) WHERE ${column} IS NOT NULL;`).join('\n  ')}
  CREATE INDEX ${indexName('slow')} ON exchanges (slow, at, total_ms) WHERE slow IS NOT NULL;
  CREATE TABLE subjects (subject text NOT NULL, exchange text NOT NULL, at bigint NOT NULL, log text NOT NULL) PARTITION BY RANGE (at);
  CREATE INDEX subjects_by_subject ON subjects (subject);
  CREATE TABLE events (key text COLLATE "C", log text, record bigint, type text, at bigint, actor text, act text, detail text) PARTITION BY RANGE (at);
  CREATE INDEX events_by_at ON events (at);
  CREATE INDEX events_by_act ON events (act, at);
  CREATE INDEX events_by_type ON events (type, at);
  ${dividedTables.map((table) => `CREATE TABLE ${table}_other PARTITION OF ${table} DEFAULT;`).join('\n  ')}
  INSERT INTO index_version VALUES (${version});
`

const keyTable = `
  CREATE TABLE subject_keys (publisher text NOT NULL, node text NOT NULL, period text COLLATE "C" NOT NULL, sealed text, PRIMARY KEY (publisher, period));
  CREATE INDEX subject_keys_by_period ON subject_keys (period, publisher);
`

/** A month of UTC, as the partitions have it. */
interface Month {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** The month that holds this time, or the one so many months later. */
export function monthOf(at: number, later = 0): Month {
  const date = new Date(at)
  const from = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + later, 1)
  const start = new Date(from)
  const to = Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 1, 1)
  return { name: start.toISOString().slice(0, 7).replace('-', ''), from, to }
}

/** Runs statements one after another in a transaction under the lock of those who change tables. */
async function changing(client: ClientBase, schema: string, act: () => Promise<void>): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`ssp index ${schema}`])
    await act()
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

/** Makes schema and tables where they are missing. Rejects where those that are there belong to another version. */
export async function preparePostgres(client: ClientBase, schema: string): Promise<void> {
  await changing(client, schema, async () => {
    const known = await client.query(
      'SELECT to_regnamespace($1) AS schema, to_regclass($2) AS tables, to_regclass($3) AS keys, to_regclass($4) AS owners',
      [schema, `${schema}.index_version`, `${schema}.subject_keys`, `${schema}.log_owners`],
    )
    if (known.rows[0].schema === null) await client.query(`CREATE SCHEMA ${schema}`)
    await client.query(`SET search_path TO ${schema}`)
    if (known.rows[0].tables === null) await client.query(tables)
    const found = await client.query('SELECT version FROM index_version')
    if (found.rows[0]?.version !== version)
      throw new Error(
        `the schema ${schema} holds an index of version ${found.rows[0]?.version}, not ${version}: name another schema, or drop it`,
      )
    if (known.rows[0].keys === null) await client.query(keyTable)
    if (known.rows[0].owners === null) await client.query(claimTable)
  })
}

/** Makes the partitions of these months where they are missing. A month that a row in the partition for all other times falls in stays there. */
export async function preparePartitions(client: ClientBase, schema: string, months: readonly Month[]): Promise<void> {
  for (const { name, from, to } of months) {
    await changing(client, schema, async () => {
      for (const table of dividedTables)
        await client.query(`CREATE TABLE IF NOT EXISTS ${table}_${name} PARTITION OF ${table} FOR VALUES FROM (${from}) TO (${to})`)
    }).catch((error: unknown) => {
      // 23514: rows of a wrong clock are in the way. They are found where they are.
      if ((error as { code?: string }).code !== '23514') throw error
    })
  }
}

/** Takes out keys of earlier months, drops the partitions that hold nothing from this time on, and deletes what is older from the others. */
export async function purgePostgres(client: ClientBase, schema: string, before: number): Promise<void> {
  await client.query('DELETE FROM subject_keys WHERE period < $1', [periodOf(before)])
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
      WHERE p.relnamespace = to_regnamespace($1) AND p.relname = ANY($2) AND c.relname ~ '_[0-9]{6}$'`,
    [schema, dividedTables],
  )
  for (const { name } of rows) {
    const [, year, month] = /_(\d{4})(\d{2})$/.exec(name) ?? []
    if (Date.UTC(Number(year), Number(month), 1) <= before)
      await changing(client, schema, async () => void (await client.query(`DROP TABLE ${name}`)))
  }
  for (const table of dividedTables) await client.query(`DELETE FROM ${table} WHERE at < $1`, [before])
}

/** Where outcomes wait, within a transaction, for the exchanges that they belong to. */
export const lateTable = `CREATE TEMPORARY TABLE IF NOT EXISTS late (${outcomeColumns
  .map(([column, , kind]) => `${column} ${typeOf(column, kind)}`)
  .join(', ')}, slow smallint, exchange text, began bigint) ON COMMIT DELETE ROWS`

/** Sets the outcomes of exchanges; `onTime` finds them by the time when they began as well, and so in one partition. */
export function lateUpdate(onTime: boolean): string {
  const columns = [...outcomeColumns.map(([column]) => column), 'slow']
  return `UPDATE exchanges e SET ${columns.map((column) => `${column} = l.${column}`).join(', ')} FROM late l
    WHERE e.exchange = l.exchange AND e.log = $1 AND ${onTime ? 'e.at = l.began' : 'l.exchange = ANY($2)'} RETURNING e.exchange`
}
