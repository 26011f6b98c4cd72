import type { ConnectionOptions } from 'node:tls'
import type { ClientBase, Pool } from 'pg'
import { type CopyValue, copyRows } from './copy-rows.ts'
import { eventOf } from './event-row.ts'
import { columnValue, exchangeColumns, exchangeOf, outcomeColumns, slownessOf } from './exchange-columns.ts'
import type { PostgresSettings } from './index-settings.ts'
import type { IndexStore } from './index-store.ts'
import { type IndexBatch, type IndexedExchange, type LateOutcome, type LogPosition, orphanOf } from './indexed.ts'
import { postgresClaims } from './postgres-claims.ts'
import { postgresPublishedKeys } from './postgres-published-keys.ts'
import { lateTable, lateUpdate, monthOf, preparePartitions, preparePostgres, purgePostgres } from './postgres-tables.ts'
import { eventKey } from './search.ts'
import { type Condition, eventStatement, everyExchange, filtersOf, searchStatement } from './search-sql.ts'

const rowColumns = [...exchangeColumns.map(([column]) => column), 'slow']
/** Beyond so many months before and after now a time is a wrong clock's: it gets no partition of its own. */
const mostMonthsBack = 60

/** Milliseconds that it may take to take out one table's rows of a log; half a million rows a second go. */
const longestForgetting = 3_600_000

const slowOf = (totalMs: number | undefined): number | undefined => (totalMs === undefined ? undefined : slownessOf(totalMs))
const rowOf = (one: IndexedExchange): readonly CopyValue[] => [
  ...exchangeColumns.map(([, field]) => columnValue(one[field])),
  slowOf(one.totalMs),
]

function ignore(): void {}

/** What it works with besides its settings. */
export interface PostgresSurroundings {
  readonly tls?: ConnectionOptions | undefined
  readonly now: () => number
  /** What tells this data directory from others. */
  readonly owner: () => string
}

/** The index in PostgreSQL. Connects when it is asked, and again after an outage; tables and partitions are made as they are needed. */
export function openPostgresIndex(settings: PostgresSettings, { tls, now, owner }: PostgresSurroundings): IndexStore {
  const { host, port, database, user, password, schema, connectTimeoutMs, queryTimeoutMs } = settings
  let opened: Promise<Pool> | undefined
  /** Loaded where it is needed: whoever has no such database does not pay for it in memory. */
  async function openPool(): Promise<Pool> {
    const { Pool } = await import('pg')
    const pool = new Pool(poolOptions)
    // A connection that breaks while nobody uses it is replaced when somebody does.
    pool.on('error', ignore)
    return pool
  }
  const poolOptions = {
    ...{ host, port, database, user, max: 4, idleTimeoutMillis: 30_000, application_name: 'ssp' },
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { ssl: tls }),
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
    // Compiling a plan takes longer than running any of these.
    options: `-c jit=off -c search_path=${schema} -c statement_timeout=${queryTimeoutMs}`,
  }
  let prepared = false
  let partitioned = new Set<string>()

  async function connected<T>(act: (client: ClientBase) => Promise<T>): Promise<T> {
    opened ??= openPool()
    const client = await (await opened).connect()
    // One that breaks while it is used says so by the query's rejection.
    client.on('error', ignore)
    let failure: unknown
    try {
      if (!prepared) await preparePostgres(client, schema)
      prepared = true
      return await act(client)
    } catch (error) {
      failure = error
      prepared = false
      throw error
    } finally {
      // After an error nobody knows what the connection still does.
      client.off('error', ignore)
      client.release(failure !== undefined)
    }
  }

  async function transaction<T>(client: ClientBase, act: () => Promise<T>): Promise<T> {
    await client.query('BEGIN')
    try {
      const result = await act()
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined)
      throw error
    }
  }

  async function rows(condition: Condition): Promise<readonly Record<string, unknown>[]> {
    let number = 0
    const sql = condition.sql.replaceAll('?', () => `$${++number}`)
    // As where rows are copied in: PostgreSQL refuses a NUL, and with it the whole search.
    const values = condition.values.map((value) => (typeof value === 'string' ? value.replaceAll('\0', '\ufffd') : value))
    return connected(async (client) => (await client.query(sql, values)).rows)
  }

  /** Makes the partitions of the batch's months, of this one and of the next. */
  async function partitionsFor(client: ClientBase, times: readonly number[]): Promise<void> {
    const at = now()
    const [earliest, latest] = [monthOf(at, -mostMonthsBack).from, monthOf(at, 1).to]
    const months = [monthOf(at), monthOf(at, 1), ...times.filter((time) => time >= earliest && time < latest).map((time) => monthOf(time))]
    const missing = new Map(months.filter(({ name }) => !partitioned.has(name)).map((month) => [month.name, month]))
    if (missing.size === 0) return
    await preparePartitions(client, schema, [...missing.values()])
    for (const name of missing.keys()) partitioned.add(name)
  }

  /** Gives outcomes to their exchanges; those whose exchange is not there come back. */
  async function addOutcomes(client: ClientBase, log: string, outcomes: readonly LateOutcome[]): Promise<readonly LateOutcome[]> {
    if (outcomes.length === 0) return []
    await client.query(lateTable)
    const columns = [...outcomeColumns.map(([column]) => column), 'slow', 'exchange', 'began']
    const staged = outcomes.map((one) => [
      ...outcomeColumns.map(([, field]) => columnValue(one[field])),
      slowOf(one.totalMs),
      one.exchange,
      one.began,
    ])
    await copyRows(client, 'late', columns, staged)
    // Nothing is known of the temporary table, and a plan that reads whole partitions for it would be the wrong one.
    await client.query('SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off')
    const onTime = await client.query<{ exchange: string }>(lateUpdate(true), [log])
    const done = new Set(onTime.rows.map(({ exchange }) => exchange))
    const rest = outcomes.filter(({ exchange }) => !done.has(exchange))
    if (rest.length === 0) return []
    const found = await client.query<{ exchange: string }>(lateUpdate(false), [log, rest.map(({ exchange }) => exchange)])
    for (const { exchange } of found.rows) done.add(exchange)
    return rest.filter(({ exchange }) => !done.has(exchange))
  }

  async function addRows(client: ClientBase, { log, exchanges, outcomes, events }: IndexBatch): Promise<void> {
    await copyRows(client, 'exchanges', rowColumns, exchanges.map(rowOf))
    const orphans = await addOutcomes(client, log, outcomes)
    // The segment with the forwarding record was removed with its period: what the outcome says is what there is.
    await copyRows(
      client,
      'exchanges',
      rowColumns,
      orphans.map((one) => rowOf(orphanOf(log, one))),
    )
    const subjects = [
      ...exchanges.flatMap((one) => one.subjects.map((subject) => [subject, one.exchange, one.at, log])),
      ...outcomes.flatMap((one) => one.subjects.map((subject) => [subject, one.exchange, one.began ?? one.ended, log])),
    ]
    await copyRows(client, 'subjects', ['subject', 'exchange', 'at', 'log'], subjects)
    const found = events.map((one) => [
      eventKey(one),
      one.log,
      one.record,
      one.type,
      one.at,
      one.actor,
      one.act,
      JSON.stringify(one.detail),
    ])
    await copyRows(client, 'events', ['key', 'log', 'record', 'type', 'at', 'actor', 'act', 'detail'], found)
  }

  const claims = postgresClaims(connected, owner)

  return {
    claim: claims.claim,
    position: async (log) => {
      const [found] = await rows({ sql: 'SELECT next, place, digest FROM positions WHERE log = ?', values: [log] })
      return found === undefined || Number(found['next']) === 0 ? undefined : ({ ...found, next: Number(found['next']) } as LogPosition)
    },
    add: (batch) =>
      connected(async (client) => {
        await partitionsFor(
          client,
          [...batch.exchanges, ...batch.events].map(({ at }) => at),
        )
        return transaction(client, async () => {
          const { log, from, position } = batch
          await client.query("INSERT INTO positions VALUES ($1, 0, '', '') ON CONFLICT DO NOTHING", [log])
          const held = await client.query('SELECT next FROM positions WHERE log = $1 FOR UPDATE', [log])
          await claims.requireOwn(client, log)
          if (Number(held.rows[0]?.next) !== from) return false
          await addRows(client, batch)
          await client.query('UPDATE positions SET next = $2, place = $3, digest = $4 WHERE log = $1', [
            log,
            position.next,
            position.place,
            position.digest,
          ])
          return true
        })
      }),
    forget: (log) =>
      connected((client) =>
        transaction(client, async () => {
          // The rows of years take longer than any search may.
          await client.query('SET LOCAL statement_timeout = 0')
          await claims.requireOwn(client, log)
          // The position first: whoever feeds the log meanwhile waits for it, and finds that it begins anew. Else what was taken in behind this would come twice.
          for (const table of ['positions', 'exchanges', 'subjects', 'events']) {
            // Not in the types of the client, and taken by it all the same.
            const statement = { text: `DELETE FROM ${table} WHERE log = $1`, values: [log], query_timeout: longestForgetting }
            await client.query(statement)
          }
        }),
      ),
    find: async (exchange) => {
      const [found] = await rows({ sql: 'SELECT * FROM exchanges WHERE exchange = ? ORDER BY at DESC LIMIT 1', values: [exchange] })
      return found === undefined ? undefined : exchangeOf(found)
    },
    search: async (search, limit, after) => {
      const filters = filtersOf(search)
      // The planner knows the values' shares and finds the index; only what stands in either of two columns must be asked for twice.
      const driver = filters.find(({ name }) => name === 'asid' || name === 'organisation') ?? filters[0] ?? everyExchange
      const others = filters.filter((one) => one !== driver)
      return (await rows(searchStatement(driver, others, search, limit, after))).map(exchangeOf)
    },
    events: async (search, limit, after) => (await rows(eventStatement(search, limit, after))).map(eventOf),
    purge: (before) =>
      connected(async (client) => {
        await purgePostgres(client, schema, before)
        partitioned = new Set()
      }),
    published: postgresPublishedKeys(connected),
    close: async () => (await opened)?.end(),
  }
}
