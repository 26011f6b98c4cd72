import { setTimeout as pause } from 'node:timers/promises'
import { type AuditTrail, AuditUnavailable } from '../audit/audit-trail.ts'
import { IndexUnavailable } from '../audit/index/audit-index.ts'
import type { PartyLook } from '../audit/index/lookups.ts'
import { registryOf, type Start } from '../checks/check-needs.ts'
import type { Clock } from '../lib/clock.ts'
import { isLook } from '../spine/arrival.ts'
import { isRefusal, type Refusal, refuse } from '../spine/refusal.ts'
import { admitAgain } from './admit-again.ts'
import type { ConsumerLeg } from './exchange.ts'
import { endOfRefusal } from './exchange-end.ts'
import { exchangeView } from './exchange-view.ts'
import type { AdmittedLook } from './look-admission.ts'
import type { ExchangeObserver } from './observers.ts'
import { type PartyParts, partyOfExchange } from './party-of-exchange.ts'
import type { Admission } from './pipeline.ts'
import { type End, RecordedRefusal } from './recorded.ts'
import { refusalHeaders } from './verdict.ts'

/** What a look is made with. */
export interface LookParts {
  readonly admit: (start: Start) => Admission<AdmittedLook>
  readonly look: PartyLook
  readonly lockouts: PartyParts['lockouts']
  readonly audit: Pick<AuditTrail, 'refused'>
  readonly observer: ExchangeObserver
  readonly clock: Clock
}

/** The leg of a party that looks. */
export interface LookLeg extends Pick<ConsumerLeg, 'refuse' | 'fault'> {
  /** Answers 200 with this JSON and further headers. */
  answerJson(json: string, headers: readonly string[]): void
}

const rule = 'exchange-look'
/** What is looked for where an id has not the form of one: found nowhere, in the same time, and no caller's text is written. */
const noId = 'no exchange id'
const exchangeId = /^[0-9a-f]{32}$/
/** A 404 is given at a whole multiple of this behind the arrival, in ms: whether there was something to read does not show (O10). */
const unknownStepMs = 250

const unknown = refuse(rule, 'EXCHANGE_UNKNOWN', {
  reason: 'no exchange of that id is indexed of which the certificate has proven to be a party',
  // With every one of them: only so does it tell of none that it is there, and not indexed yet.
  headers: ['Retry-After', '1'],
})

/** Whether the request asks for the verdict of an exchange: it is answered here and never forwarded. */
export function asksForExchange({ form }: Start): boolean {
  return !isRefusal(form) && isLook(form)
}

/** The life of such a request: decided, recorded, looked up, and shown to a party of the exchange. Never rejects. */
export async function lookAtExchange(start: Start, leg: LookLeg, parts: LookParts): Promise<void> {
  const { clock, observer, audit } = parts
  let admission: Admission<AdmittedLook> | undefined
  const phases: Record<string, number> = {}
  const end = (recorded: End, refusal?: Refusal): void => {
    phases['total'] = clock.elapsed() - start.started
    // How long it took to find nothing is nobody's to know.
    const told = refusal === unknown ? { total: phases['total'] - (phases['total'] % unknownStepMs) } : phases
    const headers = refusalHeaders(start.exchange, recorded, told, undefined)
    let onRecord = false
    if (refusal !== undefined) {
      leg.refuse(refusal, headers)
      const observed = admission?.observed ?? []
      const parties = admission?.evidence
      onRecord = audit.refused(new RecordedRefusal({ arrival: start, refusal, end: recorded, observed, phases, parties }), true)
    }
    observer.ended({ ...endOf(start, recorded, refusal, phases), onRecord })
  }
  observer.began()
  try {
    const first = parts.admit(start)
    admission = first.admitted || first.refusal.settles === undefined ? first : await admitAgain(first, start, parts)
    phases['admission'] = clock.elapsed() - start.started
    const decided = admission.admitted ? await viewFor(admission.evidence, parts) : admission.refusal
    const found = leg.fault ?? decided
    if (isRefusal(found)) return end(endOfRefusal(found), found)
    const shown: End = { end: 'complete', status: 200, origin: 'none', rule, verdict: 'EXCHANGE_SHOWN' }
    phases['total'] = clock.elapsed() - start.started
    leg.answerJson(JSON.stringify(found), refusalHeaders(start.exchange, shown, phases, undefined))
    end(shown)
  } catch (error) {
    const refusal = refuse('unforeseen', 'INTERNAL_SERVER_ERROR', {
      reason: error instanceof Error ? error.message : 'no error was thrown',
    })
    end(endOfRefusal(refusal), refusal)
  } finally {
    admission?.evidence.holding?.release()
  }
}

/** What this caller may see of the exchange, once the look is recorded; or why nothing is shown. */
async function viewFor(look: AdmittedLook, parts: LookParts): Promise<object | Refusal> {
  const registry = registryOf(look, rule)
  if (isRefusal(registry)) return registry
  const { certificate, exchangeSought } = look
  const actor = `party ${certificate.sha256} ${certificate.subject}`.slice(0, 512)
  try {
    const shown = await parts.look(actor, exchangeId.test(exchangeSought) ? exchangeSought : noId)
    const isSought = shown?.exchange === exchangeSought
    const party = isSought ? partyOfExchange(shown, certificate, { registry, lockouts: parts.lockouts }) : undefined
    if (shown !== undefined && party !== undefined) return exchangeView(shown, party)
  } catch (error) {
    return unavailable(error)
  }
  await evenly(look.started, parts.clock)
  return unknown
}

function unavailable(error: unknown): Refusal {
  const headers = ['Retry-After', '5']
  if (error instanceof IndexUnavailable) return refuse(rule, 'INDEX_UNAVAILABLE', { reason: error.message, headers })
  if (error instanceof AuditUnavailable) return refuse('audit', 'AUDIT_UNAVAILABLE', { reason: error.message, headers })
  throw error
}

/** Resolves at the next whole multiple of the step behind `started` (monotonic ms). */
async function evenly(started: number, clock: Clock): Promise<void> {
  const due = started + Math.ceil((clock.elapsed() - started) / unknownStepMs) * unknownStepMs
  // A timer counts from when its turn of the loop began, and may come early by part of a millisecond.
  for (let left = due - clock.elapsed(); left > 0; left = due - clock.elapsed()) await pause(Math.ceil(left))
}

function endOf(start: Start, recorded: End, refusal: Refusal | undefined, phases: Readonly<Record<string, number>>) {
  return {
    ...{ ...recorded, arrival: start, reason: recorded.reason, phases, refusal },
    ...{ providerStatus: undefined, interactionId: undefined, consumer: undefined, endpoint: undefined },
    ...{ observed: [], droppedFromRequest: [], droppedFromAnswer: [], requestBytes: 0, responseBytes: 0 },
  }
}
