import { setImmediate as turn } from 'node:timers/promises'
import { eventOf } from './event-row.ts'
import type { IndexStore } from './index-store.ts'
import { type IndexBatch, type IndexedEvent, type IndexedExchange, type LogPosition, orphanOf } from './indexed.ts'
import { type Cursor, type ExchangeSearch, eventKey } from './search.ts'
import { eventStatement } from './search-sql.ts'
import { openIndexDatabase } from './sqlite-database.ts'
import { createParts } from './sqlite-parts.ts'

/** Events that one purge's transaction takes out: the feeder and searches come in between. */
const purgedAtOnce = 5000

/** Exchanges of a part, unless told otherwise. Those of the newest are read at the first use, up to half a second; each full one is looked into by each search. */
const usualRows = 32_768

/**
 * The index in one file of the data directory, `index/audit.sqlite`, in parts of `partRows` exchanges, at most 65,535. Its calls are synchronous within:
 * it belongs in a thread of its own.
 */
export function openSqliteIndex(dataDirectory: string, partRows = usualRows): IndexStore {
  const database = openIndexDatabase(dataDirectory)
  const parts = createParts(database, partRows)

  const position = (log: string): LogPosition | undefined =>
    database.row('SELECT next, place, digest FROM positions WHERE log = ?', log) as unknown as LogPosition | undefined

  const writing = <T>(act: () => T): T =>
    database.together(() => {
      parts.refresh()
      return act()
    })
  const searching = (search: ExchangeSearch, limit: number, after?: Cursor): readonly IndexedExchange[] =>
    database.reading(() => {
      parts.refresh()
      return parts.search(search, limit, after)
    })

  function addEvent(event: IndexedEvent): void {
    const { log, record, type, at, actor, act, detail } = event
    const values = [eventKey(event), log, record, type, at, actor ?? null, act ?? null, JSON.stringify(detail)]
    database.run('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)', ...values)
  }

  return {
    position: async (log) => position(log),
    add: async ({ log, from, position: reached, exchanges, outcomes, events }: IndexBatch) =>
      writing(() => {
        if ((position(log)?.next ?? 0) !== from) return false
        for (const exchange of exchanges) parts.insert({ exchange, subjects: exchange.subjects })
        for (const outcome of outcomes) {
          // Where the segment with the forwarding record was removed with its period, what the outcome says is what there is.
          if (!parts.complete(log, outcome)) parts.insert({ exchange: orphanOf(log, outcome), subjects: outcome.subjects })
        }
        for (const event of events) addEvent(event)
        database.run('INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?)', log, reached.next, reached.place, reached.digest)
        return true
      }),
    forget: async (log) =>
      writing(() => {
        parts.forget(log)
        for (const table of ['events', 'positions']) database.run(`DELETE FROM ${table} WHERE log = ?`, log)
      }),
    find: async (exchange) => searching({ exchange }, 1)[0],
    search: async (search, limit, after) => searching(search, limit, after),
    events: async (search, limit, after) => database.rows(eventStatement(search, limit, after)).map(eventOf),
    purge: async (before) => {
      while (writing(() => parts.purge(before))) await turn()
      const sql = `DELETE FROM events WHERE key IN (SELECT key FROM events WHERE at < ? LIMIT ${purgedAtOnce})`
      while (database.together(() => database.run(sql, before)) === purgedAtOnce) await turn()
      database.run('PRAGMA incremental_vacuum(2000)')
    },
    close: async () => database.close(),
  }
}
