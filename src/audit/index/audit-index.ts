import type { StoredEntry } from '../stored-entry.ts'
import type { IndexProgress } from './index-feeder.ts'
import type { IndexedEvent, IndexedExchange } from './indexed.ts'
import type { Cursor, EventSearch, ExchangeSearch, Page } from './search.ts'
import type { SubjectHashes } from './subject-keys.ts'

/** A record as its log holds it. */
export interface StoredRecord {
  readonly log: string
  readonly index: number
  readonly entry: StoredEntry
}

/** An exchange that was found, with its records, as far as this machine's logs hold them: another machine's do not come along. */
export interface FoundExchange {
  readonly exchange: IndexedExchange
  readonly records: readonly StoredRecord[]
}

/** Finds what was recorded. Every search rejects with `IndexUnavailable` while the index is out of reach. */
export interface AuditIndex {
  /** The exchange of this id; undefined where none is indexed: `progress` tells up to when all of them are. */
  find(exchange: string): Promise<FoundExchange | undefined>
  /** The newest exchanges sought, at most `limit`. */
  search(search: ExchangeSearch, limit: number, after?: Cursor): Promise<Page<IndexedExchange>>
  /** The records that these exchanges begin with, in their order; undefined where this machine's logs do not hold one. */
  beginnings(exchanges: readonly Pick<IndexedExchange, 'exchange' | 'log' | 'place'>[]): Promise<readonly (StoredRecord | undefined)[]>
  /** What the index may hold for an NHS number, to be searched for as `subjects`. */
  hashesOf(nhsNumber: string): Promise<SubjectHashes>
  /** The newest operations and floods sought, at most `limit`. */
  events(search: EventSearch, limit: number, after?: Cursor): Promise<Page<IndexedEvent>>
  /** Takes this machine's logs out and in again; resolves once they are out, and `progress` shows how they come in. */
  rebuild(): Promise<void>
  /** Resolves once everything that stands in this machine's logs at the call can be found. */
  caughtUp(): Promise<void>
  readonly progress: IndexProgress
  close(): Promise<void>
}

/** The index cannot be asked now. */
export class IndexUnavailable extends Error {
  override readonly name = 'IndexUnavailable'
}
