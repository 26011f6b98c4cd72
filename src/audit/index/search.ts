import type { Origin } from '../../spine/origin.ts'
import type { IndexedEvent, IndexedExchange } from './indexed.ts'

/** Which exchanges are sought: all conditions hold together. */
export interface ExchangeSearch {
  readonly exchange?: string
  readonly traceId?: string
  /** Sender or receiver. */
  readonly asid?: string
  /** ODS code of the sender's or the receiver's organisation. */
  readonly organisation?: string
  readonly interaction?: string
  readonly rule?: string
  readonly origin?: Origin
  readonly status?: number
  /** Took longer than so many milliseconds. */
  readonly slowerThanMs?: number
  /** Stored hashes of an NHS number, one for each period; any of them. */
  readonly subjects?: readonly string[]
  /** Began at this time or later, ms since 1970. */
  readonly since?: number
  /** Began before this time, ms since 1970. */
  readonly until?: number
}

/** Which operations or floods are sought. */
export interface EventSearch {
  readonly type?: IndexedEvent['type']
  readonly actor?: string
  readonly act?: string
  readonly since?: number
  readonly until?: number
}

/** Where a page ended: the next one holds what is older. */
export interface Cursor {
  readonly at: number
  /** The exchange's id, or the event's log and record. */
  readonly key: string
}

/** Newest first; `next` is absent on the last page. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  readonly next?: string
}

/** The most rows of a page. */
export const longestPage = 5000

/** A cursor as text that nobody need understand. */
export function cursorText({ at, key }: Cursor): string {
  return Buffer.from(`${at} ${key}`).toString('base64url')
}

/** What `cursorText` made; undefined for any other text. */
export function readCursor(text: string): Cursor | undefined {
  const [, at, key] = /^(\d{1,15}) ([\x21-\x7e]{1,200})$/.exec(Buffer.from(text, 'base64url').toString('latin1')) ?? []
  return at === undefined || key === undefined ? undefined : { at: Number(at), key }
}

/** The key of an event in a cursor, and the order of events at one time. */
export function eventKey({ log, record }: Pick<IndexedEvent, 'log' | 'record'>): string {
  return `${log}:${String(record).padStart(12, '0')}`
}

/** A page of rows of which one more than `limit` was read, where there are more. */
export function pageOf<Row extends IndexedExchange | IndexedEvent>(rows: readonly Row[], limit: number): Page<Row> {
  const last = rows[limit - 1]
  if (rows.length <= limit || last === undefined) return { rows }
  return { rows: rows.slice(0, limit), next: cursorText({ at: last.at, key: 'exchange' in last ? last.exchange : eventKey(last) }) }
}
