import { randomBytes } from 'node:crypto'
import type { IndexBatch, LateOutcome, NewExchange } from '../../src/audit/index/indexed.ts'

/** An exchange id that nobody else has. */
export function newExchangeId(): string {
  return randomBytes(16).toString('hex')
}

/** A call that went well, as the index has it. */
export function indexedExchange(change: Partial<NewExchange> = {}): NewExchange {
  return {
    exchange: newExchangeId(),
    log: 'node1/main',
    record: 0,
    place: '000000000000:120',
    outcomeRecord: 1,
    outcomePlace: '000000000000:900',
    at: 1_790_000_000_000,
    ended: 1_790_000_000_050,
    forwarded: true,
    end: 'complete',
    method: 'GET',
    traceId: '09a01679-2564-0fb4-5129-aecc81ea2706',
    from: '200000000359',
    to: '918999198993',
    fromOrganisation: 'T77777',
    toOrganisation: 'T99999',
    interaction: 'urn:nhs:names:services:gpconnect:fhir:rest:search:patient-1',
    endpoint: 'S20001A000182',
    url: 'https://provider.thirdparty.nhs.uk/{root}/Patient',
    status: 200,
    providerStatus: 200,
    rule: 'forwarded',
    origin: 'none',
    requestBytes: 0,
    responseBytes: 4321,
    totalMs: 48.25,
    providerMs: 41.5,
    told: { verdict: 'ANSWERED', phases: { admission: 0.412, provider: 41.5, total: 48.25 } },
    subjects: [],
    ...change,
  }
}

/** The same call while its outcome is not known. */
export function openExchange(change: Partial<NewExchange> = {}): NewExchange {
  const { exchange, log, record, place, at, forwarded, method, traceId, from, to, fromOrganisation, toOrganisation } = indexedExchange()
  return {
    ...{ exchange, log, record, place, at, forwarded, end: 'open', subjects: [] },
    ...(method !== undefined && { method }),
    ...(traceId !== undefined && { traceId }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(fromOrganisation !== undefined && { fromOrganisation }),
    ...(toOrganisation !== undefined && { toOrganisation }),
    ...change,
  }
}

/** How a call ended that was added before. */
export function lateOutcome(exchange: string, change: Partial<LateOutcome> = {}): LateOutcome {
  return {
    exchange,
    outcomeRecord: 7,
    outcomePlace: '000000000000:4000',
    ended: 1_790_000_001_000,
    end: 'complete',
    status: 200,
    providerStatus: 200,
    rule: 'forwarded',
    origin: 'none',
    requestBytes: 12,
    responseBytes: 34,
    totalMs: 1000,
    providerMs: 900,
    told: { verdict: 'ANSWERED', phases: { provider: 900, total: 1000 } },
    subjects: [],
    ...change,
  }
}

/** A batch of one log from this record on; each row counts as one record. */
export function indexBatch(from: number, rows: Partial<IndexBatch>, log = 'node1/main'): IndexBatch {
  const { exchanges = [], outcomes = [], events = [] } = rows
  const next = from + exchanges.length + outcomes.length + events.length
  return { log, from, position: { next, place: `000000000000:${next}`, digest: `digest ${next}` }, exchanges, outcomes, events }
}
