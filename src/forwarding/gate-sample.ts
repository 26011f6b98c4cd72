import type { GateSample } from '../protection/gate-call.ts'
import type { ProviderOutcome } from './provider-answer.ts'
import { retryAfterMs } from './retry-after.ts'

const nothing: GateSample = { kind: 'none' }
const broken: GateSample = { kind: 'failed' }

/**
 * What an outcome says of the provider. Failed: not reached, its TLS, late, invalid or broken off, and 502, 503 and 504. Not failed: every other answer, a
 * 500 among them, since a single request can provoke it; a consumer that hangs up or reads too slowly; what the proxy's own rules ended.
 * `askedAt` is when the request had been handed on whole, absent where it never was: a consumer that sends its body slowly makes no provider slow.
 * `askedAt` and `now` are monotonic, `wall` the wall clock, all in ms.
 */
export function gateSample(outcome: ProviderOutcome, askedAt: number | undefined, now: number, wall: number): GateSample {
  const { status, failure, consumerGone, headAt, sentAt, retryAfter } = outcome
  const whole = askedAt !== undefined
  const blamed = failure !== undefined && !consumerGone && failure.origin.startsWith('provider')
  if (status !== undefined && headAt !== undefined)
    return {
      kind: 'answered',
      latencyMs: status < 400 ? latency(outcome, askedAt) : undefined,
      pushback: status === 503 || status === 429,
      failed: blamed || (status >= 502 && status <= 504),
      retryAt: retryAfter === undefined ? 0 : now + retryAfterMs(retryAfter, wall),
    }
  if (consumerGone) return sentAt === undefined || !whole ? nothing : { kind: 'abandoned', waitedMs: now - Math.max(sentAt, askedAt) }
  return blamed && (whole || failure.kind !== 'timeout') ? broken : nothing
}

/** From when the whole request was on its way to when the answer began; an answer that came before that tells nothing. */
function latency({ sentAt, headAt }: ProviderOutcome, askedAt: number | undefined): number | undefined {
  if (sentAt === undefined || headAt === undefined || askedAt === undefined || askedAt > headAt) return undefined
  return headAt - Math.max(sentAt, askedAt)
}
