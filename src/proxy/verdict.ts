import type { Receipt } from '../audit/audit-trail.ts'
import { receiptText } from '../audit/receipt-proof.ts'
import { rateHeaders } from '../checks/throttle.ts'
import type { Origin } from '../spine/origin.ts'
import type { VerdictCode } from '../spine/verdict-code.ts'
import { verdictOfAnswer } from '../spine/verdict-of.ts'
import type { Admitted } from './admission.ts'
import type { End } from './recorded.ts'

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
    verdict(status >= 400 ? 'provider' : 'none', 'provider-exchange', admitted.exchange, verdictOfAnswer(status)),
    'Ssp-Receipt',
    receiptText(receipt),
    'Server-Timing',
    timing(phases, providerTiming),
  ]
  const tightest = admitted.holding?.tightest
  return tightest === undefined ? headers : [...headers, ...rateHeaders(tightest)]
}

/** What is added to a refusal; the receipt where the forwarding was recorded. */
export function refusalHeaders(
  exchange: string,
  { origin, rule, verdict: code }: Pick<End, 'origin' | 'rule' | 'verdict'>,
  phases: Phases,
  receipt: Receipt | undefined,
): readonly string[] {
  const said = verdict(origin, rule, exchange, code)
  const headers = ['Ssp-Verdict', said, 'Server-Timing', timing(rule === 'identity-binding' ? inSteps(phases) : phases, undefined)]
  return receipt === undefined ? headers : [...headers, 'Ssp-Receipt', receiptText(receipt)]
}

/** Whose doing the outcome was, which rule or part decided, the exchange id, and the verdict's name in the catalogue (a dictionary of RFC 9651). */
function verdict(origin: Origin, rule: string, exchange: string, code: VerdictCode): string {
  return `origin=${origin}, rule="${rule}", id="${exchange}", code=${code}`
}

/** How exactly whoever is not bound to the ASID of a call is told how long it took, in ms. */
const unboundStepMs = 10

/** To a finding in the directory belong some microseconds more than to none: of another's ASID that would be told (O4). */
function inSteps(phases: Phases): Phases {
  return Object.fromEntries(Object.entries(phases).map(([phase, ms]) => [phase, ms - (ms % unboundStepMs)]))
}

/** Our phases in milliseconds, to the microsecond, behind what the provider said of its own. */
function timing(phases: Phases, provider: string | undefined): string {
  let text = provider ?? ''
  for (const phase in phases) text += `${text === '' ? '' : ', '}ssp-${phase};dur=${Math.round((phases[phase] ?? 0) * 1000) / 1000}`
  return text
}
