import { setImmediate as turn } from 'node:timers/promises'
import { AuditUnavailable } from '../audit-trail.ts'
import type { AuditEntry, AuditedPersonal, OperationEntry } from '../entry.ts'
import type { PeriodKeys } from '../period-keys.ts'
import type { AuditIndex, FoundExchange } from './audit-index.ts'
import type { EventQuery, ExchangeQuery } from './exchange-query.ts'
import type { IndexProgress } from './index-feeder.ts'
import type { IndexedEvent, IndexedExchange } from './indexed.ts'
import type { ExchangeSearch } from './search.ts'
import { type SubjectCover, subjectNote } from './subject-cover.ts'

/** An exchange that a search found. */
export interface ExchangeFound extends IndexedExchange {
  /** What its first record seals, where that was asked for and can be read: its key and its log are on this machine. */
  readonly personal?: AuditedPersonal
}

/** What a search found. */
export interface ExchangesFound {
  readonly exchanges: readonly ExchangeFound[]
  /** Given as `after`, it asks for the next page. */
  readonly next?: string
  /** What stood in this machine's logs at this time, ISO 8601, has been searched. */
  readonly complete?: string
  /** What a search by NHS number cannot find. */
  readonly note?: string
  /** Whose NHS numbers it finds, where machines share the index. */
  readonly cover?: SubjectCover
}

/** A record without what names a person, or with it where that was asked for. */
export interface ShownRecord {
  readonly log: string
  readonly index: number
  readonly entry: Omit<AuditEntry, 'personal'> & { readonly personal?: AuditedPersonal }
}

/** One exchange in full. */
export interface ExchangeShown {
  readonly exchange: IndexedExchange
  readonly records: readonly ShownRecord[]
  /** Why there are no records, or no personal data. */
  readonly note?: string
}

/** The acts that looking is recorded as. */
export type LookAct = 'exchange-search' | 'exchange-look' | 'event-search' | 'index-rebuild'

/** What looking is done with. */
export interface LookupParts {
  readonly index: AuditIndex
  /** What opens the personal part of records, and hashes NHS numbers as they do. */
  readonly keys: Pick<PeriodKeys, 'subjectHashAt' | 'open'>
  /** Wall-clock time, ms since 1970. */
  readonly now: () => number
  /** Resolves once the look is on disk in the audit; where it rejects, nothing is shown. */
  readonly record: (actor: string, act: LookAct, detail: OperationEntry['detail']) => Promise<void>
}

/** Looks into the audit trail: each is recorded with its actor before anything is found. Rejects where it cannot be, and with `IndexUnavailable`. */
export interface Lookups {
  search(actor: string, query: ExchangeQuery): Promise<ExchangesFound>
  look(actor: string, exchange: string, personal: boolean): Promise<ExchangeShown | undefined>
  /** A party's look at one exchange: recorded alike, and answered by what the index has, so that it is the same at every machine. */
  readonly lookAsParty: PartyLook
  events(actor: string, query: EventQuery): Promise<{ readonly events: readonly IndexedEvent[]; readonly next?: string }>
  rebuild(actor: string): Promise<void>
  readonly progress: IndexProgress
}

/** A party's look at one exchange; undefined where none of that id is indexed. Rejects like `Lookups`. */
export type PartyLook = (actor: string, exchange: string) => Promise<IndexedExchange | undefined>

/** Makes lookups on these parts. */
export function createLookups({ index, keys, now, record }: LookupParts): Lookups {
  /** Of a number that cannot be named in a record nothing is searched. */
  function hashFor(nhsNumber: string): string {
    try {
      return keys.subjectHashAt(now(), nhsNumber)
    } catch (error) {
      throw new AuditUnavailable(`there is no key to name the look by: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return {
    async search(actor, { nhsNumber, personal = false, limit, after, ...conditions }) {
      // The number itself is never written; its hash of this month tells an auditor for whom was searched.
      const sought = { ...defined(conditions), ...(nhsNumber !== undefined && { subject: hashFor(nhsNumber) }) }
      const page = { limit, ...(after !== undefined && { after: `${after.at} ${after.key}` }) }
      await record(actor, 'exchange-search', { ...sought, ...(personal && { personal }), ...page })
      const subjects = nhsNumber === undefined ? undefined : await index.hashesOf(nhsNumber)
      const search: ExchangeSearch = { ...defined(conditions), ...(subjects !== undefined && { subjects: subjects.hashes }) }
      const { rows, next } = await index.search(search, limit, after)
      const { complete } = index.progress
      return {
        exchanges: personal ? await withPersonal(rows, { index, keys }) : rows,
        ...(next !== undefined && { next }),
        ...(complete !== undefined && { complete: new Date(complete).toISOString() }),
        ...(subjects !== undefined && { note: subjectNote(subjects.cover) }),
        ...(subjects?.cover !== undefined && { cover: subjects.cover }),
      }
    },
    async look(actor, exchange, personal) {
      await record(actor, 'exchange-look', { exchange, personal })
      const found = await index.find(exchange)
      return found === undefined ? undefined : shown(found, personal ? keys : undefined)
    },
    async lookAsParty(actor, exchange) {
      await record(actor, 'exchange-look', { exchange, personal: false })
      return (await index.search({ exchange }, 1)).rows[0]
    },
    async events(actor, { limit, after, ...conditions }) {
      await record(actor, 'event-search', {
        ...defined(conditions),
        limit,
        ...(after !== undefined && { after: `${after.at} ${after.key}` }),
      })
      const { rows, next } = await index.events(defined(conditions), limit, after)
      return { events: rows, ...(next !== undefined && { next }) }
    },
    async rebuild(actor) {
      await record(actor, 'index-rebuild', {})
      await index.rebuild()
    },
    get progress() {
      return index.progress
    },
  }
}

/** Exchanges that are opened before whatever else this thread does has its turn: each takes about 0.1 ms. */
const openedAtOnce = 10

async function withPersonal(
  exchanges: readonly IndexedExchange[],
  { index, keys }: Pick<LookupParts, 'index' | 'keys'>,
): Promise<readonly ExchangeFound[]> {
  const records = await index.beginnings(exchanges.map(({ exchange, log, place }) => ({ exchange, log, place })))
  const found: ExchangeFound[] = []
  for (const [at, one] of exchanges.entries()) {
    const record = records[at]
    const personal = record !== undefined && 'personal' in record.entry && keys.open(record.entry.personal, record.log, record.index)
    found.push({ ...one, ...(personal !== false && personal !== undefined && { personal }) })
    if ((at + 1) % openedAtOnce === 0) await turn()
  }
  return found
}

type Defined<Type> = { [Key in keyof Type]: Exclude<Type[Key], undefined> }

function defined<Type extends object>(conditions: Type): Defined<Type> {
  return Object.fromEntries(Object.entries(conditions).filter(([, value]) => value !== undefined)) as Defined<Type>
}

function shown({ exchange, records }: FoundExchange, keys: LookupParts['keys'] | undefined): ExchangeShown {
  const found = records.map((record): ShownRecord => {
    const { personal: _sealed, ...entry } = { personal: undefined, ...record.entry }
    const personal = 'personal' in record.entry ? keys?.open(record.entry.personal, record.log, record.index) : undefined
    return {
      log: record.log,
      index: record.index,
      entry: { ...entry, ...(personal !== undefined && { personal }) } as ShownRecord['entry'],
    }
  })
  const note = noteOn(exchange, found, keys !== undefined)
  return { exchange, records: found, ...(note !== undefined && { note }) }
}

function noteOn({ log }: IndexedExchange, records: readonly ShownRecord[], personal: boolean): string | undefined {
  if (records.length === 0) return `Its records are in the log ${log}, which is not on this machine or no longer holds them.`
  if (personal && records.every(({ entry }) => entry.personal === undefined))
    return 'What names a person in its records can no longer be read: the key of their period is destroyed.'
  return undefined
}
