import type { AuditTrail, Receipt } from '../audit/audit-trail.ts'
import type { Start } from '../checks/check-needs.ts'
import type { AnswerSink } from '../forwarding/answer-sink.ts'
import { type BodySource, readAlong } from '../forwarding/body-source.ts'
import type { Forwarding, ForwardOutcome, Place } from '../forwarding/forward.ts'
import { SubjectReader } from '../forwarding/subject-reader.ts'
import type { Clock } from '../lib/clock.ts'
import { isRefusal, type Refusal, refuse } from '../spine/refusal.ts'
import type { Admitted } from './admission.ts'
import { admitAgain } from './admit-again.ts'
import { endOfForwarding, endOfRefusal } from './exchange-end.ts'
import type { Endable, ExchangesInFlight } from './exchanges-in-flight.ts'
import type { ExchangeObserver } from './observers.ts'
import type { Admission } from './pipeline.ts'
import { type End, forwardingEntry, outcomeEntry, RecordedRefusal } from './recorded.ts'
import { answerHeaders, refusalHeaders } from './verdict.ts'
import { weighed } from './weighed.ts'

/** The parts of the path. */
export interface ExchangeParts {
  readonly admit: (start: Start) => Admission<Admitted>
  readonly audit: AuditTrail
  readonly forwarding: Forwarding
  readonly observer: ExchangeObserver
  /** Where a lockout finds the calls that it must cut. */
  readonly inFlight: ExchangesInFlight
  readonly clock: Clock
  readonly settingsVersion: string
  /** 504, or 599 as older consumers expect. */
  readonly timeoutStatus: number
}

/** The consumer's leg, as one exchange sees it. */
export interface ConsumerLeg extends Endable {
  readonly body: BodySource
  readonly sink: AnswerSink
  /** What was found malformed behind the head while the exchange was under way. */
  readonly fault: Refusal | undefined
  /** Sends `100 Continue` where the consumer waits for it. */
  proceed(): void
  /** Answers with a refusal and its headers; where an answer has begun already, cuts it. */
  refuse(refusal: Refusal, headers: readonly string[]): void
}

/** What is known of an exchange as it goes on. */
interface Course {
  readonly start: Start
  readonly leg: ConsumerLeg
  readonly parts: ExchangeParts
  /** Milliseconds by phase. */
  readonly phases: Record<string, number>
  admission?: Admission<Admitted>
  /** Takes the call off those that a lockout can end. */
  leave?: () => void
  place?: Place
  receipt?: Receipt
  /** Reads along where the body names the patient. */
  subjects?: SubjectReader
}

/** One request's whole life: decided, recorded, forwarded, and told how it ended. Never rejects. */
export async function exchange(start: Start, leg: ConsumerLeg, parts: ExchangeParts): Promise<void> {
  const course: Course = { start, leg, parts, phases: {} }
  parts.observer.began()
  try {
    const first = parts.admit(start)
    const admission = first.admitted || first.refusal.settles === undefined ? first : await admitAgain(first, start, parts)
    course.admission = admission
    course.phases['admission'] = parts.clock.elapsed() - start.started
    if (!admission.admitted) return refuseCall(course, admission.refusal)
    course.leave = parts.inFlight.add(admission.evidence, leg)
    const reserved = parts.forwarding.reserve(admission.evidence, leg.sink)
    const place = reserved instanceof Promise ? await inTurn(course, reserved) : reserved
    if (isRefusal(place)) return refuseCall(course, leg.fault ?? place)
    course.place = place
    if (place.observed !== undefined) course.admission = { ...admission, observed: [...admission.observed, place.observed] }
    const receipt = await recordForwarding(course, admission.evidence, place)
    if (isRefusal(receipt)) return refuseCall(course, receipt)
    course.receipt = receipt
    const outcome = await forward(course, admission.evidence, place, receipt)
    settle(course, endOfForwarding(outcome, admission.evidence.target.shown, leg.fault, parts.timeoutStatus), outcome)
  } catch (error) {
    refuseCall(course, unforeseen(error))
  } finally {
    course.leave?.()
    // However it went: what the call held of its limits is free again.
    course.admission?.evidence.holding?.release()
  }
}

/** The call waits for a place at the provider, in fair turn with those of other consumers. */
async function inTurn({ parts, phases }: Course, reserved: Promise<Place | Refusal>): Promise<Place | Refusal> {
  const began = parts.clock.elapsed()
  try {
    return await reserved
  } finally {
    phases['queue'] = parts.clock.elapsed() - began
  }
}

/** The record is on disk, or the call is not forwarded. */
async function recordForwarding(course: Course, admitted: Admitted, place: Place): Promise<Receipt | Refusal> {
  const { parts, phases } = course
  const began = parts.clock.elapsed()
  try {
    return await parts.audit.forwarding(
      forwardingEntry(admitted, observedOf(course.admission), parts.settingsVersion, place.headers.dropped, parts.clock.now()),
    )
  } catch (error) {
    place.release()
    const reason = error instanceof Error ? error.message : 'the audit log cannot be written'
    return refuse('audit', 'AUDIT_UNAVAILABLE', { reason, headers: ['Retry-After', '5'] })
  } finally {
    phases['audit'] = parts.clock.elapsed() - began
  }
}

function forward(course: Course, admitted: Admitted, place: Place, receipt: Receipt): Promise<ForwardOutcome> {
  const { leg, phases } = course
  leg.proceed()
  const { body, sink } = weighed(leg, admitted)
  return place.forward(readingSubjects(course, admitted, body), sink, (status, sentAt, headAt, timing) => {
    phases['provider'] = headAt - sentAt
    return answerHeaders(admitted, receipt, status, phases, timing)
  })
}

/** Where the body names the patient it is read along. */
function readingSubjects(course: Course, { interaction, body: framing }: Admitted, body: BodySource): BodySource {
  if (interaction?.bodyNamesPatient !== true || framing.kind === 'none') return body
  const reader = new SubjectReader()
  course.subjects = reader
  return readAlong(body, (piece) => reader.take(piece))
}

/** The end of a call that was forwarded: told to the consumer where no answer has begun, to the audit, and to the observers. */
function settle(
  course: Course,
  { recorded, refusal }: { readonly recorded: End; readonly refusal?: Refusal },
  outcome: ForwardOutcome | undefined,
): void {
  const { start, leg, parts, phases } = course
  phases['total'] = parts.clock.elapsed() - start.started
  if (refusal !== undefined) leg.refuse(refusal, refusalHeaders(start.exchange, recorded, phases, course.receipt))
  parts.audit.outcome(outcomeEntry(start.exchange, parts.clock.now(), recorded, outcome, phases, course.subjects?.subjects()))
  tell(course, { recorded, outcome, refusal: refusal ?? leg.fault, onRecord: true })
}

/** The end of a call that was not forwarded: answered, recorded (not awaited), counted. */
function refuseCall(course: Course, refusal: Refusal): void {
  const recorded = endOfRefusal(refusal)
  if (course.receipt !== undefined) {
    settle(course, { recorded, refusal }, undefined)
    return
  }
  const { start, leg, parts, phases, admission } = course
  phases['total'] = parts.clock.elapsed() - start.started
  leg.refuse(refusal, refusalHeaders(start.exchange, recorded, phases, undefined))
  const onRecord = parts.audit.refused(
    new RecordedRefusal({ arrival: start, refusal, end: recorded, observed: observedOf(admission), phases, parties: admission?.evidence }),
    floodable.has(refusal.rule),
  )
  tell(course, { recorded, outcome: undefined, refusal, onRecord })
}

/** Callers who have proven nothing, or too much zeal, may not fill the disk (decisions, section 6). */
const floodable: ReadonlySet<string> = new Set(['wire-form', 'client-certificate', 'lockout', 'throttle'])

/** What observers are told of an end. */
interface Told {
  readonly recorded: End
  readonly outcome: ForwardOutcome | undefined
  readonly refusal: Refusal | undefined
  readonly onRecord: boolean
}

function tell({ start, admission, place, phases, parts }: Course, { recorded, outcome, refusal, onRecord }: Told): void {
  const evidence = admission?.evidence
  parts.observer.ended({
    ...recorded,
    arrival: start,
    providerStatus: outcome?.status,
    reason: recorded.reason,
    onRecord,
    interactionId: evidence?.interactionId,
    consumer: evidence?.consumer,
    endpoint: evidence?.endpoint,
    refusal,
    observed: observedOf(admission),
    droppedFromRequest: place?.headers.dropped ?? [],
    droppedFromAnswer: outcome?.droppedHeaders ?? [],
    requestBytes: outcome?.requestBytes ?? 0,
    responseBytes: outcome?.digest.bytes ?? 0,
    phases,
  })
}

/** What was only observed: by whole checks, and by single limits of one. */
function observedOf(admission: Admission<Admitted> | undefined): readonly Refusal[] {
  if (admission === undefined) return []
  const { beyond } = admission.evidence
  return beyond === undefined ? admission.observed : [...admission.observed, ...beyond]
}

/** Anything that nobody foresaw refuses; the process lives. */
function unforeseen(error: unknown): Refusal {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : 'something that is no error was thrown'
  return refuse('unforeseen', 'INTERNAL_SERVER_ERROR', { reason })
}
