import type { IndexBatch, IndexedEvent, IndexedExchange, LogPosition } from './indexed.ts'
import type { PublishedKeys } from './published-keys.ts'
import type { Cursor, EventSearch, ExchangeSearch } from './search.ts'

/** Where exchanges, operations and floods are found. Every method rejects with the backend's own error while it is out of reach. */
export interface IndexStore {
  /**
   * Claims a log of this machine, to be repeated while it is fed: nobody else changes it meanwhile. Rejects where another machine has claimed one of that name and still may,
   * but `atOnce` it is taken from that one. Absent where the index is one machine's alone.
   */
  readonly claim?: (log: string, atOnce: boolean) => Promise<void>
  /** How far the log has been taken in; undefined where nothing of it has. */
  position(log: string): Promise<LogPosition | undefined>
  /** Takes rows and position in together or not at all; false, and nothing is changed, where the log's position is not `batch.from`. Rejects where another machine has claimed it. */
  add(batch: IndexBatch): Promise<boolean>
  /** Takes everything of the log out, so that it can be read again. Rejects where another machine has claimed it. */
  forget(log: string): Promise<void>
  /** The exchange of this id. */
  find(exchange: string): Promise<IndexedExchange | undefined>
  /** The newest `limit` exchanges sought, behind the cursor where one is given, newest first. */
  search(search: ExchangeSearch, limit: number, after?: Cursor): Promise<readonly IndexedExchange[]>
  /** The newest `limit` operations and floods sought, in the same order. */
  events(search: EventSearch, limit: number, after?: Cursor): Promise<readonly IndexedEvent[]>
  /** Takes out what began before this time, ms since 1970, as the period's end demands, and the keys that were published of months before its month. */
  purge(before: number): Promise<void>
  /** Where machines that share this index publish their keys; absent where it is one machine's alone. */
  readonly published?: PublishedKeys
  close(): Promise<void>
}
