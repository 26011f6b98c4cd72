import type { ForwardingEntry, OutcomeEntry, RefusedEntry } from '../audit/entry.ts'
import type { IndexedExchange } from '../audit/index/indexed.ts'
import type { ExchangeShown } from '../audit/index/lookups.ts'
import type { Origin } from '../spine/origin.ts'
import { type RefusalCode, refusals } from '../spine/refusal.ts'
import { verdicts } from '../spine/verdict-catalogue.ts'
import type { VerdictCode } from '../spine/verdict-code.ts'
import type { VerdictMeaning } from '../spine/verdict-meaning.ts'
import { verdictOfAnswer, verdictOfRefusal } from '../spine/verdict-of.ts'
import type { ExchangeParty } from './party-of-exchange.ts'

/** An exchange as one of its parties sees it: the answer to `GET /ssp/exchanges/{id}`. What is absent is not known, or is not this party's to know. */
export interface ExchangeView {
  readonly exchange: string
  readonly party: ExchangeParty
  /** ISO 8601, as `ended`, which is absent while it is under way. */
  readonly began: string
  readonly ended?: string
  /** `open` while it is under way, `interrupted` where the proxy ended first. */
  readonly end: IndexedExchange['end']
  readonly verdict?: VerdictInFull
  readonly request: {
    readonly traceId?: string
    readonly from?: string
    readonly to?: string
    readonly interaction?: string
    readonly method?: string
  }
  /** What the consumer was answered; 499 where it had gone. Not shown to the provider. */
  readonly status?: number
  /** What the provider answered. */
  readonly providerStatus?: number
  /** Milliseconds by phase; to the provider its own alone. */
  readonly phases?: Readonly<Record<string, number>>
  /** Bytes of bodies that passed. */
  readonly bytes?: { readonly request: number; readonly response: number }
  /** Where the audit holds the forwarding, as `Ssp-Receipt` names it, and the outcome. */
  readonly receipt?: { readonly log: string; readonly index: number; readonly outcome?: number }
  /** What only the log of another machine holds is missing. */
  readonly partial?: true
}

/** A verdict of the catalogue, and what was found. */
export interface VerdictInFull extends Pick<VerdictMeaning, 'origin' | 'expected' | 'retry' | 'who' | 'next'> {
  readonly code: VerdictCode
  /** The check, or the part of the provider's leg, that decided. */
  readonly rule: string
  readonly found?: string
}

type Last = OutcomeEntry | RefusedEntry

/** The exchange for this party: its own leg, and nothing that names a person. */
export function exchangeView({ exchange: one, records }: ExchangeShown, party: ExchangeParty): ExchangeView {
  const entries = records.map(({ entry }) => entry as unknown as ForwardingEntry | Last)
  const last = entries.find((entry): entry is Last => entry.type !== 'forwarding')
  const verdict = verdictInFull(one, last, party)
  const phases = last && rounded(party === 'consumer' ? last.phases : ownPhases(last.phases))
  const { traceId, from, to, interaction, method, requestBytes, responseBytes, providerStatus } = one
  return {
    exchange: one.exchange,
    party,
    began: new Date(one.at).toISOString(),
    ...(one.ended !== undefined && { ended: new Date(one.ended).toISOString() }),
    end: one.end,
    ...(verdict !== undefined && { verdict }),
    request: {
      ...(traceId !== undefined && { traceId }),
      ...(from !== undefined && { from }),
      ...(to !== undefined && { to }),
      ...(interaction !== undefined && { interaction }),
      ...(method !== undefined && { method }),
    },
    ...(one.status !== undefined && party === 'consumer' && { status: one.status }),
    ...(providerStatus !== undefined && { providerStatus }),
    ...(phases !== undefined && { phases }),
    ...(requestBytes !== undefined && { bytes: { request: requestBytes, response: responseBytes ?? 0 } }),
    ...(one.forwarded && { receipt: receiptOf(one) }),
    ...(records.length === 0 && { partial: true }),
  }
}

function receiptOf({ log, record, outcomeRecord }: IndexedExchange): NonNullable<ExchangeView['receipt']> {
  return { log, index: record, ...(outcomeRecord !== undefined && { outcome: outcomeRecord }) }
}

/** To the microsecond, as `Server-Timing` has them. */
function rounded(phases: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(phases).map(([name, milliseconds]) => [name, Math.round(milliseconds * 1000) / 1000]))
}

/** Of the phases the one that is the provider's. */
function ownPhases({ provider }: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return provider === undefined ? {} : { provider }
}

function verdictInFull(one: IndexedExchange, last: Last | undefined, party: ExchangeParty): VerdictInFull | undefined {
  const { origin, rule } = one
  // What else ended a call that was forwarded is between the consumer and the proxy: who is locked out, say.
  if (party === 'provider' && rule !== 'provider-exchange') return undefined
  const code = origin === undefined ? undefined : codeOf(one, last)
  if (origin === undefined || rule === undefined || code === undefined) return undefined
  const { expected, retry, who, next }: VerdictMeaning = verdicts[code]
  const found = last?.reason !== undefined && mayKnow(party, rule, origin, last.reason) ? last.reason : undefined
  return { code, origin, rule, expected, ...(found !== undefined && { found }), retry, who, next }
}

/** The name that was recorded; where the record is another machine's, the one that the index's columns leave no doubt of. */
function codeOf({ end, code, rule = '', origin = 'none', status = 0 }: IndexedExchange, last: Last | undefined): VerdictCode | undefined {
  const recorded = last?.verdict
  if (recorded !== undefined) return Object.hasOwn(verdicts, recorded) ? (recorded as VerdictCode) : undefined
  if (end === 'complete') return verdictOfAnswer(status)
  if (end !== 'refused' || code === undefined || !Object.hasOwn(refusals, code)) return undefined
  return verdictOfRefusal(code as RefusalCode, rule, origin)
}

/**
 * Rules whose reason tells the consumer of its own request, of its own registration, or of its own limits. Not among them: who is locked out,
 * whose an ASID is, what the directory and the sharing rules say of others, and what is wrong with the proxy or in the provider's house.
 */
const toldToConsumer: ReadonlySet<string> = new Set([
  'wire-form',
  'method',
  'request-form',
  'media-type',
  'sender-interaction',
  'registered-endpoint',
  'interaction-form',
  'access-token',
  'throttle',
])

/** Limits that are the consumer's own, by what their reason begins with: what others may send is none of its business. */
const ownLimit = /^(?:system|organisation) /

function mayKnow(party: ExchangeParty, rule: string, origin: Origin, reason: string): boolean {
  if (party === 'provider') return origin.startsWith('provider')
  if (rule === 'throttle' && !ownLimit.test(reason)) return false
  return origin === 'consumer-network' || (origin !== 'proxy' && toldToConsumer.has(rule))
}
