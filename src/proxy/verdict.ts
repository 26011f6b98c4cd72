import type { Receipt } from '../audit/audit-trail.ts'
import { rateHeaders } from '../checks/throttle.ts'
import type { Origin } from '../spine/origin.ts'
import type { Refusal } from '../spine/refusal.ts'
import type { Admitted } from './admission.ts'

type Phases = Readonly<Record<string, number>>

/** What is added to a provider's answer. */
export function answerHeaders(
  admitted: Admitted,
  receipt: Receipt,
  status: number,
  phases: Phases,
  providerTiming: string | undefined,
): readonly string[] {
  const headers = [
    'Ssp-Verdict',
    verdict(status >= 400 ? 'provider' : 'none', 'provider-exchange', admitted.exchange),
    'Ssp-Receipt',
    receiptOf(receipt),
    'Server-Timing',
    timing(phases, providerTiming),
  ]
  const tightest = admitted.holding?.tightest
  return tightest === undefined ? headers : [...headers, ...rateHeaders(tightest)]
}

/** What is added to a refusal; the receipt where the forwarding was recorded. */
export function refusalHeaders(exchange: string, refusal: Refusal, phases: Phases, receipt: Receipt | undefined): readonly string[] {
  const headers = ['Ssp-Verdict', verdict(refusal.origin, refusal.rule, exchange), 'Server-Timing', timing(phases, undefined)]
  return receipt === undefined ? headers : [...headers, 'Ssp-Receipt', receiptOf(receipt)]
}

/** Whose doing the outcome was, which rule or part decided, and the exchange id (a dictionary of RFC 9651). */
function verdict(origin: Origin, rule: string, exchange: string): string {
  return `origin=${origin}, rule="${rule}", id="${exchange}"`
}

/** Where the forwarding's record stands (a dictionary of RFC 9651). */
function receiptOf({ log, index }: Receipt): string {
  return `log="${log}", index=${index}`
}

/** Our phases in milliseconds, to the microsecond, behind what the provider said of its own. */
function timing(phases: Phases, provider: string | undefined): string {
  let text = provider ?? ''
  for (const phase in phases) text += `${text === '' ? '' : ', '}ssp-${phase};dur=${Math.round((phases[phase] ?? 0) * 1000) / 1000}`
  return text
}
