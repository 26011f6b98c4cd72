import type { RefusedCall } from '../audit/audit-trail.ts'
import type {
  AuditedConsumer,
  AuditedPersonal,
  AuditedRequest,
  ForwardingEntry,
  Observation,
  OutcomeEntry,
  RefusedEntry,
} from '../audit/entry.ts'
import type { ForwardOutcome } from '../forwarding/forward.ts'
import { claimsTextOf } from '../spine/access-token.ts'
import { type Arrival, type ConsumerCertificate, type ConsumerConnection, isLook } from '../spine/arrival.ts'
import { findInteraction } from '../spine/interaction-id.ts'
import { nhsNumbersInQuery } from '../spine/nhs-number.ts'
import type { Origin } from '../spine/origin.ts'
import type { Refusal } from '../spine/refusal.ts'
import { isRefusal } from '../spine/refusal.ts'
import { namesBesidesSubject } from '../spine/subject-names.ts'
import type { TargetUrl } from '../spine/target-url.ts'
import type { VerdictCode } from '../spine/verdict-code.ts'
import type { Admitted } from './admission.ts'

const none: readonly Observation[] = []

/** The record of a forwarding, made before it happens. */
export function forwardingEntry(
  admitted: Admitted,
  observed: readonly Refusal[],
  settingsVersion: string,
  dropped: readonly string[],
  at: number,
): ForwardingEntry {
  return {
    type: 'forwarding',
    v: 1,
    at,
    exchange: admitted.exchange,
    consumer: consumerOf(admitted.connection, admitted.certificate),
    request: requestOf(admitted, admitted.interaction?.template, dropped),
    endpoint: { cpaId: admitted.endpoint.cpaId, url: admitted.endpoint.url },
    organisations: { from: admitted.consumer.odsCode, to: admitted.provider.odsCode },
    registryVersion: admitted.registry?.version ?? '',
    settingsVersion,
    sharingRule: admitted.sharingRule ?? '',
    observed: observationsOf(observed, admitted.tokenRemarks),
    personal: {
      url: admitted.rawTarget,
      ...(admitted.claims !== undefined && { claims: admitted.claims }),
      ...subjectsOf(nhsNumbersInQuery(admitted.target.query)),
    },
  }
}

/** What a refusal is recorded of. */
interface Refused {
  readonly arrival: Arrival & { readonly registry?: { readonly version: string } | undefined }
  readonly refusal: Refusal
  readonly end: End
  readonly observed: readonly Refusal[]
  readonly phases: Readonly<Record<string, number>>
  /** Whose call it was, as far as the checks got. */
  readonly parties?: Partial<Pick<Admitted, 'consumer' | 'provider' | 'certificate'>> | undefined
}

/** A call that was not forwarded, for the audit. */
export class RecordedRefusal implements RefusedCall {
  readonly #of: Refused
  readonly consumer: AuditedConsumer

  constructor(of: Refused) {
    this.#of = of
    this.consumer = consumerOf(of.arrival.connection, of.parties?.certificate)
  }

  get at(): number {
    return this.#of.arrival.at
  }

  get rule(): string {
    return this.#of.end.rule
  }

  get status(): number {
    return this.#of.end.status
  }

  entry(): RefusedEntry {
    const { arrival, refusal, end, observed, phases, parties } = this.#of
    return {
      type: 'refused',
      v: 1,
      at: arrival.at,
      exchange: arrival.exchange,
      consumer: this.consumer,
      request: requestOf(arrival, undefined, []),
      status: end.status,
      code: refusal.code,
      rule: end.rule,
      origin: end.origin,
      reason: refusal.reason,
      ...organisationsOf(parties),
      verdict: end.verdict,
      ...(arrival.registry !== undefined && { registryVersion: arrival.registry.version }),
      observed: observationsOf(observed, undefined),
      phases,
      personal: personalOf(arrival),
    }
  }
}

/** How a forwarded exchange ended. */
export interface End {
  readonly end: OutcomeEntry['end']
  /** What the consumer was answered, or 499. */
  readonly status: number
  readonly origin: Origin
  readonly rule: string
  readonly reason?: string
  /** Its name in the catalogue of verdicts. */
  readonly verdict: VerdictCode
}

/** The record of how a forwarded exchange ended; `outcome` is absent where the provider's leg itself failed in a way that nobody foresaw. */
export function outcomeEntry(
  exchange: string,
  at: number,
  end: End,
  outcome: ForwardOutcome | undefined,
  phases: Readonly<Record<string, number>>,
  subjects: readonly string[] = [],
): OutcomeEntry {
  const responseSha256 = outcome?.digest.sha256()
  const { status, requestSha256, droppedHeaders = [], requestBytes = 0 } = outcome ?? {}
  return {
    type: 'outcome',
    v: 1,
    at,
    exchange,
    ...end,
    ...(status !== undefined && { providerStatus: status }),
    requestBytes,
    responseBytes: outcome?.digest.bytes ?? 0,
    phases,
    // Each name once: an answer's head has room for thousands of lines, and none of them is worth a record of many kilobytes.
    ...(droppedHeaders.length > 0 && { droppedHeaders: [...new Set(droppedHeaders)] }),
    personal: {
      ...(requestSha256 !== undefined && { requestSha256 }),
      ...(responseSha256 !== undefined && { responseSha256 }),
      ...subjectsOf(subjects),
    },
  }
}

/** One object for a connection's whole life, from when its certificate was found good: many exchanges share it. */
const consumers = new WeakMap<ConsumerConnection, { readonly consumer: AuditedConsumer; readonly proven: boolean }>()

function consumerOf(connection: ConsumerConnection, certificate: ConsumerCertificate | undefined): AuditedConsumer {
  const known = consumers.get(connection)
  if (known?.proven === true || (known !== undefined && certificate === undefined)) return known.consumer
  const { address, certificateSha256, certificateSubject, tlsProtocol, tlsCipher, tlsResumed } = connection
  const certificateNames = certificate && namesBesidesSubject(certificate)
  const consumer: AuditedConsumer = {
    address,
    ...(certificateSha256 !== undefined && { certificateSha256 }),
    ...(certificateSubject !== undefined && { certificateSubject }),
    ...(certificateNames !== undefined && { certificateNames }),
    tlsProtocol,
    tlsCipher,
    tlsResumed,
  }
  consumers.set(connection, { consumer, proven: certificate !== undefined })
  return consumer
}

/** Values of the deciding headers as they came, cut to a length that no honest one reaches: a refused call is recorded with what it said. */
function requestOf(arrival: Arrival, template: string | undefined, dropped: readonly string[]): AuditedRequest {
  const { headers, form } = arrival
  const value = (name: string) => headers.get(name)?.slice(0, 256)
  const contentType = value('content-type')
  const traceId = value('ssp-traceid')
  const from = value('ssp-from')
  const to = value('ssp-to')
  const interaction = value('ssp-interactionid')
  const traceparent = value('traceparent')
  const target = targetOf(form)
  const redactedUrl = target && redacted(target, template ?? findInteraction(interaction ?? '')?.template)
  return {
    method: arrival.method,
    ...(contentType !== undefined && { contentType }),
    ...(traceId !== undefined && { traceId }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(interaction !== undefined && { interaction }),
    ...(traceparent !== undefined && { traceparent }),
    ...(redactedUrl !== undefined && { redactedUrl }),
    ...(dropped.length > 0 && { droppedHeaders: dropped }),
  }
}

function targetOf(form: Arrival['form']): TargetUrl | undefined {
  return isRefusal(form) || isLook(form) ? undefined : form.target
}

/** Host and the interaction's template; of a path whose form is not known, nothing is shown. */
function redacted(target: { readonly host: string }, template: string | undefined): string {
  return `https://${target.host}${template === undefined ? '' : `/{root}${template}`}`
}

/** A refused call's claims are recorded too, as far as they can be read: whoever was refused may have to be found. */
function personalOf(arrival: Arrival): AuditedPersonal {
  const bearer = /^bearer +([^ ]+)$/i.exec(arrival.headers.get('authorization') ?? '')?.[1]
  const claims = bearer === undefined ? undefined : claimsTextOf(bearer)
  const target = targetOf(arrival.form)
  return {
    url: arrival.rawTarget,
    ...(claims !== undefined && { claims }),
    ...(target !== undefined && subjectsOf(nhsNumbersInQuery(target.query))),
  }
}

function subjectsOf(subjects: readonly string[]): Pick<AuditedPersonal, 'subjects'> {
  return subjects.length === 0 ? {} : { subjects }
}

/** Whose call it was, and for whom, as far as the checks got. */
function organisationsOf({
  consumer,
  provider,
}: Partial<Pick<Admitted, 'consumer' | 'provider'>> = {}): Pick<RefusedEntry, 'organisations'> {
  if (consumer === undefined) return {}
  return { organisations: { from: consumer.odsCode, ...(provider !== undefined && { to: provider.odsCode }) } }
}

function observationsOf(observed: readonly Refusal[], remarks: readonly string[] | undefined): readonly Observation[] {
  if (observed.length === 0 && remarks === undefined) return none
  return [
    ...observed.map(({ rule, code, reason }) => ({ rule, code, reason })),
    ...(remarks ?? []).map((reason) => ({ rule: 'access-token', code: 'REMARK', reason })),
  ]
}
