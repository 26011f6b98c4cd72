import type { IndexedExchange } from '../audit/index/indexed.ts'
import { type RefusalCode, refusals } from '../spine/refusal.ts'
import { type ExchangeParty, mayBeTold } from '../spine/told-to-parties.ts'
import { verdicts } from '../spine/verdict-catalogue.ts'
import type { VerdictCode } from '../spine/verdict-code.ts'
import type { VerdictMeaning } from '../spine/verdict-meaning.ts'
import { verdictOfAnswer, verdictOfRefusal } from '../spine/verdict-of.ts'

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
}

/** A verdict of the catalogue, and what was found. */
export interface VerdictInFull extends Pick<VerdictMeaning, 'origin' | 'expected' | 'retry' | 'who' | 'next'> {
  readonly code: VerdictCode
  /** The check, or the part of the provider's leg, that decided. */
  readonly rule: string
  readonly found?: string
}

/** The exchange for this party: its own leg, and nothing that names a person. The same at whichever machine it is asked for. */
export function exchangeView(one: IndexedExchange, party: ExchangeParty): ExchangeView {
  const verdict = verdictInFull(one, party)
  const { told, traceId, from, to, interaction, method, requestBytes, responseBytes, providerStatus } = one
  const phases = told?.phases && (party === 'consumer' ? told.phases : ownPhases(told.phases))
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
  }
}

function receiptOf({ log, record, outcomeRecord }: IndexedExchange): NonNullable<ExchangeView['receipt']> {
  return { log, index: record, ...(outcomeRecord !== undefined && { outcome: outcomeRecord }) }
}

/** Of the phases the one that is the provider's. */
function ownPhases({ provider }: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  return provider === undefined ? {} : { provider }
}

function verdictInFull(one: IndexedExchange, party: ExchangeParty): VerdictInFull | undefined {
  const { origin, rule, told } = one
  // What else ended a call that was forwarded is between the consumer and the proxy: who is locked out, say.
  if (party === 'provider' && rule !== 'provider-exchange') return undefined
  const code = origin === undefined ? undefined : codeOf(one)
  if (origin === undefined || rule === undefined || code === undefined) return undefined
  const { expected, retry, who, next }: VerdictMeaning = verdicts[code]
  const found = told?.found !== undefined && mayBeTold(party, rule, origin, told.found) ? told.found : undefined
  return { code, origin, rule, expected, ...(found !== undefined && { found }), retry, who, next }
}

/** The name that was recorded; of records of before there were names, the one that the columns leave no doubt of. */
function codeOf({ end, code, rule = '', origin = 'none', status = 0, told }: IndexedExchange): VerdictCode | undefined {
  const recorded = told?.verdict
  if (recorded !== undefined) return Object.hasOwn(verdicts, recorded) ? (recorded as VerdictCode) : undefined
  if (end === 'complete') return verdictOfAnswer(status)
  if (end !== 'refused' || code === undefined || !Object.hasOwn(refusals, code)) return undefined
  return verdictOfRefusal(code as RefusalCode, rule, origin)
}
