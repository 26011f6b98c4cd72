import type { Clock } from '../lib/clock.ts'
import type { GateSample } from '../protection/gate-call.ts'
import type { AccreditedSystem, ProviderEndpoint } from '../spine/accredited-system.ts'
import type { Arrival, WireForm } from '../spine/arrival.ts'
import { isRefusal, type Refusal, refuse } from '../spine/refusal.ts'
import { ActiveList } from './active-list.ts'
import type { AnswerSink } from './answer-sink.ts'
import type { BodySource } from './body-source.ts'
import type { ForwardingSettings } from './forwarding-settings.ts'
import { gateSample } from './gate-sample.ts'
import { hasPassed, type OutboundHeaders, outboundHeaders, type ProxyIdentity } from './outbound-headers.ts'
import { type HeadHeaders, ProviderAnswer, type ProviderOutcome } from './provider-answer.ts'
import type { CapacityPlace, ProviderCapacity } from './provider-capacity.ts'
import type { ProviderFailure } from './provider-failure.ts'
import type { ProviderPool } from './provider-pool.ts'
import type { ProviderPools } from './provider-pools.ts'
import { RequestBody } from './request-body.ts'

/** A request as the provider's leg needs it. */
export interface Forwardable extends Arrival, WireForm {
  readonly endpoint: ProviderEndpoint
  readonly interactionId: string
  readonly consumer: AccreditedSystem
}

/** A place at a provider, held from the decision to forward until the end. */
export interface Place {
  readonly headers: OutboundHeaders
  /** What would have kept this call, were it not only observed. */
  readonly observed?: Refusal | undefined
  /** Sends the request and passes the answer to the sink. Never rejects. Gives the place back. */
  forward(source: BodySource, sink: AnswerSink, head: HeadHeaders): Promise<ForwardOutcome>
  /** Gives the place back without having forwarded. */
  release(): void
}

/** How it went, both bodies included. */
export interface ForwardOutcome extends ProviderOutcome {
  readonly requestBytes: number
  readonly requestSha256: string | undefined
  /** Tried a second time. */
  readonly retried: boolean
}

/** The provider's leg, under one state of the settings. */
export interface Forwarding {
  /** Row 15: a place for this call or the refusal at once, or a promise of it where the call waits for a place. `sink` tells when a waiting consumer hangs up. */
  reserve(request: Forwardable, sink: Pick<AnswerSink, 'listener'>): Place | Refusal | Promise<Place | Refusal>
}

/** What all calls to providers have in common, whichever settings each was begun under. */
export interface ForwardingLeg {
  /** For calls that begin under these settings; they keep them to their end. */
  under(settings: ForwardingSettings, identity: ProxyIdentity): Forwarding
  /** As `ProviderPools.retire`. */
  retire(): void
  close(): Promise<void>
}

const rateSweepMs = 5_000

/** Makes the provider's leg on these pools, with what lets calls through to them. */
export function createForwardingLeg(pools: ProviderPools, capacity: ProviderCapacity, clock: Clock): ForwardingLeg {
  const active = new ActiveList<ProviderAnswer>()
  const sweeper = setInterval(() => cutTheSlow(active, clock.elapsed()), rateSweepMs)
  sweeper.unref()
  return {
    under: (settings, identity) => forwardingUnder(settings, identity, { pools, capacity, active, clock }),
    retire: pools.retire,
    async close() {
      clearInterval(sweeper)
      capacity.close()
      pools.close()
    },
  }
}

interface LegParts {
  readonly pools: ProviderPools
  readonly capacity: ProviderCapacity
  readonly active: ActiveList<ProviderAnswer>
  readonly clock: Clock
}

function forwardingUnder(settings: ForwardingSettings, identity: ProxyIdentity, { pools, capacity, active, clock }: LegParts): Forwarding {
  const now = clock.elapsed
  const silenceMs = settings.silenceTimeoutSeconds * 1000

  function reserve(request: Forwardable, sink: Pick<AnswerSink, 'listener'>): Place | Refusal | Promise<Place | Refusal> {
    if (hasPassed(request.headers.get('via'), identity.via))
      return refuse('provider-capacity', 'LOOP_DETECTED', { reason: `Via names this proxy (${identity.via})` })
    const found = capacity.reserve(request, sink)
    return found instanceof Promise ? found.then((late) => placeFor(request, late)) : placeFor(request, found)
  }

  function placeFor(request: Forwardable, found: CapacityPlace | Refusal): Place | Refusal {
    if (isRefusal(found)) return found
    try {
      const headers = outboundHeaders(request, request.endpoint.host, identity)
      return {
        headers,
        observed: found.observed,
        release: () => capacity.leave(found, { kind: 'none' }),
        forward: (source, sink, head) => forward(request, found, headers, source, sink, head),
      }
    } catch (error) {
      capacity.leave(found, { kind: 'none' })
      throw error
    }
  }

  async function forward(
    request: Forwardable,
    place: CapacityPlace,
    headers: OutboundHeaders,
    source: BodySource,
    sink: AnswerSink,
    head: HeadHeaders,
  ): Promise<ForwardOutcome> {
    const body = request.body.kind === 'none' ? undefined : new RequestBody(source, now)
    let taken: ProviderPool | undefined
    let sample: GateSample = { kind: 'none' }
    try {
      taken = pools.take(request.endpoint)
      const first = await dispatch(request, taken, headers, body, sink, head)
      const retried = mayRetry(request, first)
      const outcome = retried ? await dispatch(request, taken, headers, undefined, sink, head) : first
      sample = gateSample(outcome, body === undefined ? 0 : body.endedAt, now(), clock.now())
      return { ...outcome, requestBytes: body?.digest.bytes ?? 0, requestSha256: body?.digest.sha256(), retried }
    } finally {
      body?.leave()
      if (taken !== undefined) pools.release(taken)
      capacity.leave(place, sample)
    }
  }

  function dispatch(
    request: Forwardable,
    pool: ProviderPool,
    headers: OutboundHeaders,
    body: RequestBody | undefined,
    sink: AnswerSink,
    head: HeadHeaders,
  ): Promise<ProviderOutcome> {
    return new Promise((resolve) => {
      const answer = new ProviderAnswer(settings, sink, head, now, (outcome) => {
        active.delete(answer)
        resolve(outcome)
      })
      active.add(answer)
      pool.dispatch(
        {
          method: request.method,
          // The registered origin is dialled; the path is the request's own, byte for byte.
          path: (request.target.path || '/') + request.target.query,
          headers: headers.list,
          framing: request.body,
          body,
          firstByteTimeoutMs: firstByteTimeoutMs(settings, request),
          silenceMs,
        },
        answer,
      )
      answer.listen()
    })
  }

  return { reserve }
}

/**
 * A GET or HEAD whose reused connection broke before a byte of the answer came, once: the provider had closed it while we wrote. One that was kept
 * waiting is not sent again: a provider that hangs would get every call twice, and the consumer would wait twice as long.
 */
function mayRetry({ method, body }: Forwardable, { failure, consumerGone, retriable }: ProviderOutcome): boolean {
  const broke = failure?.kind === 'unreachable' && failure.origin === 'provider-network'
  return broke && retriable && !consumerGone && body.kind === 'none' && (method === 'GET' || method === 'HEAD')
}

function firstByteTimeoutMs(settings: ForwardingSettings, { interactionId, endpoint }: Forwardable): number {
  const own = settings.firstByteTimeouts.find(
    (one) => (one.interaction === undefined || one.interaction === interactionId) && (one.host === undefined || one.host === endpoint.host),
  )
  return (own?.seconds ?? settings.firstByteTimeoutSeconds) * 1000
}

/** An answer that drips holds a place: below the minimum rate it is cut, and blamed on the side that does not keep up. */
function cutTheSlow(active: Iterable<ProviderAnswer>, now: number): void {
  for (const answer of active) {
    if (answer.headAt === undefined || !answer.pace.isTooSlow(answer.headAt, now, answer.bytes, answer.minimumRate)) continue
    const failure: ProviderFailure = answer.paused
      ? { kind: 'timeout', origin: 'consumer-network', reason: 'the consumer read its answer more slowly than the minimum rate' }
      : { kind: 'timeout', origin: 'provider', reason: 'the provider sent its answer more slowly than the minimum rate' }
    answer.carrier?.abort(failure)
  }
}

/** The refusal that a failure of the provider's leg becomes, while nothing has been answered. */
export function refusalOfFailure(failure: ProviderFailure, target: string, timeoutStatus: number): Refusal {
  const details = { reason: failure.reason, origin: failure.origin, values: { target } }
  switch (failure.kind) {
    case 'unreachable':
      return refuse('provider-exchange', 'PROVIDER_UNREACHABLE', details)
    case 'timeout':
      return refuse('provider-exchange', 'PROVIDER_TIMEOUT', { ...details, status: timeoutStatus })
    case 'loop':
      return refuse('provider-capacity', 'LOOP_DETECTED', details)
  }
}
