import type { Origin } from '../../spine/origin.ts'
import type { OutcomeEntry } from '../entry.ts'

/** One exchange as the index has it, joined from its records in the log. Nothing in it names a person. */
export interface IndexedExchange {
  readonly exchange: string
  /** The log that holds its records, `node/worker`. */
  readonly log: string
  /** Index of the forwarding or refused record; of the outcome's where the log no longer holds the first. */
  readonly record: number
  /** Where that record stands: the segment's first index, a colon, the offset of its line in bytes. */
  readonly place: string
  readonly outcomeRecord?: number
  readonly outcomePlace?: string
  /** When it began, ms since 1970. */
  readonly at: number
  /** When it had ended, ms since 1970. */
  readonly ended?: number
  readonly forwarded: boolean
  /** How it ended; `open` while it has not. */
  readonly end: OutcomeEntry['end'] | 'open'
  /** The network address that the call came from. */
  readonly address?: string
  readonly method?: string
  /** Lower-cased: a UUID is the same in either case. */
  readonly traceId?: string
  readonly from?: string
  readonly to?: string
  /** ODS codes, as far as they were established. */
  readonly fromOrganisation?: string
  readonly toOrganisation?: string
  readonly interaction?: string
  /** The registered endpoint's CPA id. */
  readonly endpoint?: string
  /** Host and template. */
  readonly url?: string
  readonly status?: number
  readonly providerStatus?: number
  readonly code?: string
  readonly rule?: string
  readonly origin?: Origin
  readonly requestBytes?: number
  readonly responseBytes?: number
  readonly totalMs?: number
  readonly providerMs?: number
  /** Absent while it is open, and where its record told nothing. */
  readonly told?: ToldOfEnd
}

/** What the record that ended an exchange tells beyond the columns that are searched, as far as one of its parties may be told it. */
export interface ToldOfEnd {
  /** Its name in the catalogue of verdicts; absent in records of before there was one, and where the process ended first. */
  readonly verdict?: string
  /** What was found, where one of the parties may be told it. */
  readonly found?: string
  /** Milliseconds by phase, to the microsecond. */
  readonly phases?: Readonly<Record<string, number>>
  /** SHA-256 of the certificate that called, 64 hex digits, where its sender was not proven: it alone shows whose call that was. */
  readonly certificate?: string
}

/** An exchange to be added, with the stored hashes of the NHS numbers that it names. */
export interface NewExchange extends IndexedExchange {
  readonly subjects: readonly string[]
}

/** What an outcome adds to an exchange that was added before. */
export interface LateOutcome
  extends Required<Pick<IndexedExchange, 'exchange' | 'outcomeRecord' | 'outcomePlace' | 'ended' | 'end'>>,
    Pick<
      IndexedExchange,
      'status' | 'providerStatus' | 'code' | 'rule' | 'origin' | 'requestBytes' | 'responseBytes' | 'totalMs' | 'providerMs' | 'told'
    > {
  /** When the exchange began, where that is still known. */
  readonly began?: number
  readonly subjects: readonly string[]
}

/** An operation, or a flood's counts. */
export interface IndexedEvent {
  readonly log: string
  readonly record: number
  readonly type: 'operation' | 'flood'
  readonly at: number
  readonly actor?: string
  readonly act?: string
  /** The operation's detail, or the flood's counts, as they stand in the log. */
  readonly detail: unknown
}

/** How far a log has been taken in. */
export interface LogPosition {
  /** Index of the next record. */
  readonly next: number
  /** Where the last taken record stands, as `IndexedExchange.place`. */
  readonly place: string
  /** SHA-256 of that record's line, hex: tells whether the log is still the one that was read. */
  readonly digest: string
}

/** Records of one log that follow each other, made into rows. */
export interface IndexBatch {
  readonly log: string
  /** Where the log's position must be: 0 where it has none. */
  readonly from: number
  readonly position: LogPosition
  readonly exchanges: readonly NewExchange[]
  readonly outcomes: readonly LateOutcome[]
  readonly events: readonly IndexedEvent[]
}

/** The exchange of an outcome whose forwarding record is not there: of what the outcome says. */
export function orphanOf(log: string, { subjects: _stored, began, ...outcome }: LateOutcome): IndexedExchange {
  return { ...outcome, log, record: outcome.outcomeRecord, place: outcome.outcomePlace, at: began ?? outcome.ended, forwarded: true }
}
