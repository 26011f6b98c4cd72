import type { AuditedRequest } from '../entry.ts'
import type { StoredEntry } from '../stored-entry.ts'
import type { IndexBatch, IndexedEvent, LateOutcome, NewExchange } from './indexed.ts'
import { lineDigest, type TailRecord } from './log-tail.ts'
import { storedSubjects } from './stored-subjects.ts'
import { toldOfEnd } from './told-of-end.ts'

type Of<Type extends StoredEntry['type']> = Extract<StoredEntry, { readonly type: Type }>
type Row = { -readonly [Key in keyof NewExchange]: NewExchange[Key] }

/** The times at which forwarded exchanges began whose outcome has not come, by exchange; the longest known is forgotten beyond this many. */
export const mostOpenings = 100_000

/**
 * Makes rows of records of one log: an exchange whose outcome is among them becomes one row, one without it stays `open`. `openings` is kept up to
 * date from batch to batch.
 */
export function joinRecords(log: string, from: number, records: readonly TailRecord[], openings: Map<string, number>): IndexBatch {
  const exchanges = new Map<string, Row>()
  const outcomes: LateOutcome[] = []
  const events: IndexedEvent[] = []
  for (const record of records) {
    const { entry, index, place } = record
    switch (entry.type) {
      case 'forwarding':
        exchanges.set(entry.exchange, forwardedRow(log, record, entry))
        remember(openings, entry.exchange, entry.at)
        break
      case 'refused':
        exchanges.set(entry.exchange, refusedRow(log, record, entry))
        break
      case 'outcome': {
        const known = exchanges.get(entry.exchange)
        const ending = { outcomeRecord: index, outcomePlace: place, ...endOf(entry) }
        const began = openings.get(entry.exchange)
        openings.delete(entry.exchange)
        if (known !== undefined) Object.assign(known, ending, { subjects: distinct([...known.subjects, ...storedSubjects(entry)]) })
        else
          outcomes.push({
            exchange: entry.exchange,
            ...ending,
            ...(began !== undefined && { began }),
            subjects: distinct(storedSubjects(entry)),
          })
        break
      }
      case 'flood':
        events.push({ log, record: index, type: 'flood', at: entry.at, detail: entry.counts })
        break
      case 'operation':
        events.push({ log, record: index, type: 'operation', at: entry.at, actor: entry.actor, act: entry.act, detail: entry.detail })
        break
      default:
        // An entry of a kind that a later version writes: it is in the log, and nothing of it is sought here.
        unknown(entry)
    }
  }
  const last = records.at(-1)
  if (last === undefined) throw new RangeError('a batch has at least one record')
  return {
    log,
    from,
    position: { next: last.index + 1, place: last.place, digest: lineDigest(last.line) },
    exchanges: [...exchanges.values()],
    outcomes,
    events,
  }
}

function unknown(_entry: never): void {}

function distinct(subjects: readonly string[]): readonly string[] {
  return subjects.length < 2 ? subjects : [...new Set(subjects)]
}

function remember(openings: Map<string, number>, exchange: string, at: number): void {
  openings.set(exchange, at)
  if (openings.size <= mostOpenings) return
  const [oldest] = openings.keys()
  if (oldest !== undefined) openings.delete(oldest)
}

function requestOf({ method, traceId, from, to, interaction, redactedUrl }: AuditedRequest) {
  return {
    method,
    ...(traceId !== undefined && { traceId: traceId.toLowerCase() }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(interaction !== undefined && { interaction }),
    ...(redactedUrl !== undefined && { url: redactedUrl }),
  }
}

/** What both records that begin an exchange tell alike. */
function begunRow(log: string, { index, place }: TailRecord, entry: Of<'forwarding' | 'refused'>) {
  const { exchange, at, consumer, request } = entry
  return {
    ...{ exchange, log, record: index, place, at },
    address: consumer.address,
    ...requestOf(request),
    subjects: distinct(storedSubjects(entry)),
  }
}

function forwardedRow(log: string, record: TailRecord, entry: Of<'forwarding'>): Row {
  const { organisations, endpoint } = entry
  return {
    ...begunRow(log, record, entry),
    forwarded: true,
    end: 'open',
    fromOrganisation: organisations.from,
    toOrganisation: organisations.to,
    endpoint: endpoint.cpaId,
  }
}

function refusedRow(log: string, record: TailRecord, entry: Of<'refused'>): Row {
  const { organisations: { from, to } = {}, status, code, rule, origin } = entry
  const totalMs = entry.phases['total']
  const told = toldOfEnd(entry)
  return {
    ...begunRow(log, record, entry),
    ended: entry.at + Math.round(totalMs ?? 0),
    forwarded: false,
    end: 'refused',
    ...(from !== undefined && { fromOrganisation: from }),
    ...(to !== undefined && { toOrganisation: to }),
    ...{ status, code, rule, origin },
    ...(totalMs !== undefined && { totalMs }),
    ...(told !== undefined && { told }),
  }
}

function endOf(entry: Of<'outcome'>) {
  const { phases, providerStatus } = entry
  const told = toldOfEnd(entry)
  return {
    ended: entry.at,
    end: entry.end,
    status: entry.status,
    ...(providerStatus !== undefined && { providerStatus }),
    rule: entry.rule,
    origin: entry.origin,
    requestBytes: entry.requestBytes,
    responseBytes: entry.responseBytes,
    ...(phases['total'] !== undefined && { totalMs: phases['total'] }),
    ...(phases['provider'] !== undefined && { providerMs: phases['provider'] }),
    ...(told !== undefined && { told }),
  }
}
