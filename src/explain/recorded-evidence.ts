import type { Start } from '../checks/check-needs.ts'
import type { Admitted } from '../proxy/admission.ts'
import type { Registry } from '../registry/registry.ts'
import { findInteraction } from '../spine/interaction-id.ts'
import { namesInSubject } from '../spine/subject-names.ts'
import { parseTarget } from '../spine/target-url.ts'
import { provenIfAny } from './evidence-keys.ts'
import { unrecorded } from './not-recorded.ts'
import { decisionThen, type RecordedCall } from './recorded-call.ts'
import { standInToken } from './stand-in-token.ts'

/** What checks are given of a recorded call. `known` is filled with what they prove; asked for anything else, `evidence` throws `NotRecorded`. */
export interface RecordedEvidence {
  readonly known: Record<string, unknown>
  readonly evidence: object
  /** What the check of that name proved then, as far as it is known. */
  provenThen(check: string): Partial<Admitted>
}

/** Of a call that is decided by this directory. */
export function recordedEvidence(call: RecordedCall, registry: Registry): RecordedEvidence {
  const known: Record<string, unknown> = startOf(call, registry)
  return {
    known,
    evidence: new Proxy(known, {
      get: (facts, key) => (key in facts ? Reflect.get(facts, key) : Object.hasOwn(provenIfAny, key) ? undefined : unrecorded()),
    }),
    provenThen: (check) => provers[check]?.(call, registry) ?? {},
  }
}

function startOf({ exchange, at, request, personal, consumer }: RecordedCall, registry: Registry) {
  const start: Pick<Start, 'exchange' | 'at' | 'connection' | 'method' | 'headers' | 'registry'> = {
    ...{ exchange, at, method: request.method, registry },
    connection: {
      address: consumer.address,
      ...{ tlsProtocol: '', tlsCipher: '', tlsResumed: false },
      certificateSha256: consumer.certificateSha256,
      certificateSubject: consumer.certificateSubject,
      judge: unrecorded,
    },
    headers: new RecordedHeaders([
      ['ssp-traceid', request.traceId],
      ['ssp-from', request.from],
      ['ssp-to', request.to],
      ['ssp-interactionid', request.interaction],
      ['content-type', request.contentType],
      ['traceparent', request.traceparent],
      ...(personal?.claims === undefined ? [] : [['authorization', `Bearer ${standInToken(personal.claims)}`] as const]),
    ]),
  }
  return { ...start }
}

/** The headers of which the audit keeps the value, absent ones too; asked for any other, it throws `NotRecorded`. */
class RecordedHeaders extends Map<string, string> {
  readonly #recorded: ReadonlySet<string>

  constructor(values: readonly (readonly [name: string, value: string | undefined])[]) {
    super()
    this.#recorded = new Set(values.map(([name]) => name))
    for (const [name, value] of values) if (value !== undefined) this.set(name, value)
  }

  override get(name: string): string | undefined {
    return this.#recorded.has(name) ? super.get(name) : unrecorded()
  }

  override has(name: string): boolean {
    return this.get(name) !== undefined
  }
}

/** By check. What is not named here proves nothing, or nothing that is recorded. */
const provers: Readonly<Record<string, (call: RecordedCall, registry: Registry) => Partial<Admitted>>> = {
  'wire-form': (call) => {
    const { personal, request } = call
    const target = personal?.url === undefined ? undefined : parseTarget(personal.url)
    // Many name a type without a body, above all in a GET: what row 6 let pass had none, or a good one.
    const maybeNone = request.contentType === undefined || request.method === 'GET' || decisionThen(call, 'media-type') === 'passed'
    return {
      ...(target !== undefined && !('fault' in target) && { target }),
      // How long it was is recorded once it has passed: of the bytes under way nothing is judged.
      body: { kind: maybeNone ? 'none' : 'chunked' },
    }
  },
  'client-certificate': ({ consumer }) => ({ certificate: certificateOf(consumer) }),
  'request-form': ({ request: { traceId, from, to, interaction }, personal }) => ({
    ...(traceId !== undefined && { traceId }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(interaction !== undefined && { interactionId: interaction }),
    ...(personal?.claims !== undefined && { token: standInToken(personal.claims) }),
  }),
  'identity-binding': ({ request: { from = '' } }, registry) => {
    const found = registry.system(from)
    return found.kind === 'found' ? { consumer: found.system } : {}
  },
  'interaction-form': ({ request }) => {
    const interaction = findInteraction(request.interaction ?? '')
    return interaction === undefined ? {} : { interaction }
  },
}

function certificateOf({ certificateSha256 = '', certificateSubject = '', certificateNames }: RecordedCall['consumer']) {
  return {
    sha256: certificateSha256,
    subject: certificateSubject,
    names: certificateNames ?? namesInSubject(certificateSubject),
    get publicKeySha256(): string {
      return unrecorded()
    },
    get notAfter(): number {
      return unrecorded()
    },
  }
}
