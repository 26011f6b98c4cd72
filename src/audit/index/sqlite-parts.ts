import { outcomeColumns } from './exchange-columns.ts'
import { type IndexPart, rowsFound } from './index-part.ts'
import type { IndexedExchange, LateOutcome } from './indexed.ts'
import { createOpenPart, newTerms, type OpenPart, type PlacedExchange } from './open-part.ts'
import { addToSealed, exchangeId, idsOf, partOf, piecesOf, sealedPart, sealPart } from './sealed-part.ts'
import type { Cursor, ExchangeSearch } from './search.ts'
import { conditionsOf, fulfils, type SubjectedExchange } from './search-terms.ts'
import type { IndexDatabase } from './sqlite-database.ts'
import { exchangeIn, type StoredExchange, storedExchange } from './stored-exchange.ts'

/** The exchanges of the embedded index, part by part. Everything is to be called within a transaction of the database that begins with `refresh`. */
export interface Parts {
  /** Sees to it that memory holds what the file does. */
  refresh(): void
  insert(one: SubjectedExchange): void
  /** Completes the log's exchange by its outcome; false where it is not there. */
  complete(log: string, outcome: LateOutcome): boolean
  /** The newest `limit` exchanges sought, newest first. */
  search(search: ExchangeSearch, limit: number, after?: Cursor): readonly IndexedExchange[]
  /** Takes out all exchanges of the log. */
  forget(log: string): void
  /** Takes out what began before this time, of one part; false where no part has such. */
  purge(before: number): boolean
}

/** The parts in this database; a part holds at most `partRows` exchanges, below 65,536. */
export function createParts(database: IndexDatabase, partRows: number): Parts {
  let sealed: IndexPart[] = []
  let open: OpenPart = createOpenPart(0)
  let state: string | undefined

  const stored = (part: number, row: number) =>
    database.row('SELECT at, log, row FROM exchanges WHERE id = ?', exchangeId(part, row)) as StoredExchange | undefined

  function refresh(): void {
    const now = database.state()
    if (now === state) return
    const parts = database.rows({ sql: 'SELECT part, first, last, rows FROM parts ORDER BY part', values: [] })
    sealed = parts.map((one) =>
      sealedPart(database, one as unknown as Pick<IndexPart, 'first' | 'last' | 'rows'> & { readonly part: number }),
    )
    const newest = database.row('SELECT max(id) AS id FROM exchanges')?.['id'] ?? 0
    open = createOpenPart(Math.max(partOf(Number(newest)), (sealed.at(-1)?.number ?? 0) + 1))
    const [from] = idsOf(open.number)
    for (const { id, ...one } of database.each('SELECT id, at, log, row FROM exchanges WHERE id >= ? ORDER BY id', from))
      open.add(Number(id) - from, exchangeIn(one as unknown as StoredExchange))
    state = now
  }

  function insert(one: SubjectedExchange): void {
    if (open.rows >= partRows) {
      sealed.push(sealPart(database, open))
      open = createOpenPart(open.number + 1)
    }
    const { at, log, row } = storedExchange(one)
    database.run('INSERT INTO exchanges VALUES (?, ?, ?, ?)', exchangeId(open.number, open.rows), at, log, row)
    open.add(open.rows, one)
  }

  /** Where the log's exchange is. */
  function placeOf(log: string, exchange: string): (PlacedExchange & { readonly part: IndexPart }) | undefined {
    const unfinished = open.unfinished(exchange)
    if (unfinished?.one.exchange.log === log) return { part: open, ...unfinished }
    const conditions = conditionsOf({ exchange })
    for (const part of [open, ...sealed.toReversed()])
      for (const row of rowsFound(part, conditions, always, part.rows).rows) {
        const text = stored(part.number, row)
        if (text === undefined || text.log !== log) continue
        const one = exchangeIn(text)
        if (one.exchange.exchange === exchange) return { part, row, one }
      }
    return undefined
  }

  function complete(log: string, outcome: LateOutcome): boolean {
    const found = placeOf(log, outcome.exchange)
    if (found === undefined) return false
    const { part, row, one } = found
    const { began: _known, subjects, ...ending } = outcome
    const begun = one.exchange.end === 'open' ? one.exchange : withoutOutcome(one.exchange)
    const whole = {
      exchange: { ...begun, ...ending },
      subjects: subjects.length === 0 ? one.subjects : [...new Set([...one.subjects, ...subjects])],
    }
    const changed = database.run('UPDATE exchanges SET row = ? WHERE id = ?', storedExchange(whole).row, exchangeId(part.number, row))
    // What was purged with its period is in memory yet.
    if (changed === 0) return false
    if (part === open) open.change(row, one, whole)
    else addToSealed(database, part.number, row, newTerms(one, whole))
    return true
  }

  function search(sought: ExchangeSearch, limit: number, after?: Cursor): readonly IndexedExchange[] {
    const conditions = conditionsOf(sought)
    const until = sought.until ?? Number.POSITIVE_INFINITY
    const atMost = after?.at ?? Number.POSITIVE_INFINITY
    const isSought = (one: SubjectedExchange) =>
      fulfils(one, sought) &&
      (after === undefined || one.exchange.at < after.at || (one.exchange.at === after.at && one.exchange.exchange < after.key))
    let found: IndexedExchange[] = []
    for (const part of [...sealed, open].sort((a, b) => b.last - a.last)) {
      const worst = found.length < limit ? undefined : found.at(-1)?.at
      const since = Math.max(sought.since ?? Number.NEGATIVE_INFINITY, worst ?? Number.NEGATIVE_INFINITY)
      // No part behind this one has a later exchange.
      if (part.last < since) break
      if (part.first >= until || part.first > atMost) continue
      const more = searchPart(
        part,
        rowsFound(part, conditions, { since: Math.max(since, part.first), until, atMost }, limit),
        isSought,
        limit,
      )
      if (more.length > 0) found = [...found, ...more].sort(newestFirst).slice(0, limit)
    }
    return found
  }

  /** Reads rows until `limit` are found and none that follows began at the same time as the last. */
  function searchPart(
    { number }: IndexPart,
    { rows, times }: ReturnType<typeof rowsFound>,
    isSought: (one: SubjectedExchange) => boolean,
    limit: number,
  ): readonly IndexedExchange[] {
    const found: IndexedExchange[] = []
    for (const row of rows) {
      if (times !== undefined && found.length >= limit && times[row]! < (found.at(-1)?.at ?? 0)) break
      const text = stored(number, row)
      if (text === undefined) continue
      const one = exchangeIn(text)
      if (isSought(one)) found.push(one.exchange)
    }
    return found
  }

  function removePart(part: number): void {
    database.run('DELETE FROM exchanges WHERE id BETWEEN ? AND ?', ...idsOf(part))
    database.run('DELETE FROM pieces WHERE key BETWEEN ? AND ?', ...piecesOf(part))
    database.run('DELETE FROM parts WHERE part = ?', part)
  }

  function forget(log: string): void {
    state = undefined
    if (database.row('SELECT 1 FROM positions WHERE log <> ? LIMIT 1', log) === undefined) {
      // Nothing of another log is here: emptying whole tables takes no time.
      for (const table of ['exchanges', 'pieces', 'parts']) database.run(`DELETE FROM ${table}`)
      return
    }
    for (const { number } of [...sealed, open]) {
      if (database.row('SELECT 1 FROM exchanges WHERE id BETWEEN ? AND ? AND log <> ? LIMIT 1', ...idsOf(number), log) === undefined)
        removePart(number)
      else database.run('DELETE FROM exchanges WHERE id BETWEEN ? AND ? AND log = ?', ...idsOf(number), log)
    }
  }

  function purge(before: number): boolean {
    const part = [...sealed, open].find(({ first }) => first < before)
    if (part === undefined) return false
    if (part !== open && part.last < before) {
      removePart(part.number)
      sealed = sealed.filter((one) => one !== part)
      return true
    }
    database.run('DELETE FROM exchanges WHERE id BETWEEN ? AND ? AND at < ?', ...idsOf(part.number), before)
    if (part === open) open.raise(before)
    else {
      database.run('UPDATE parts SET first = ? WHERE part = ?', before, part.number)
      sealed = sealed.map((one) => (one === part ? sealedPart(database, { ...one, part: one.number, first: before }) : one))
    }
    return true
  }

  return { refresh, insert, complete, search, forget, purge }
}

const always = { since: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY, atMost: Number.POSITIVE_INFINITY }

const outcomeFields: ReadonlySet<string> = new Set(outcomeColumns.map(([, field]) => field))

function withoutOutcome(exchange: IndexedExchange): IndexedExchange {
  return Object.fromEntries(Object.entries(exchange).filter(([field]) => !outcomeFields.has(field))) as unknown as IndexedExchange
}

/** Newest first; of those of one moment the one with the greater id. */
function newestFirst(a: IndexedExchange, b: IndexedExchange): number {
  return b.at - a.at || (a.exchange < b.exchange ? 1 : -1)
}
