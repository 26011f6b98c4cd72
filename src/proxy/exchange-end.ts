import { type ForwardOutcome, refusalOfFailure } from '../forwarding/forward.ts'
import type { Refusal } from '../spine/refusal.ts'
import type { VerdictCode } from '../spine/verdict-code.ts'
import { verdictOfAnswer, verdictOfCut, verdictOfRefusal } from '../spine/verdict-of.ts'
import type { End } from './recorded.ts'

const rule = 'provider-exchange'

/** How a forwarded call ended: what is recorded, and the refusal where the consumer has not been answered. */
export interface EndOfForwarding {
  readonly recorded: End
  readonly refusal?: Refusal
}

/** Turns what the provider's leg reports into an end. `fault` is what was malformed behind the head of the request. */
export function endOfForwarding(
  outcome: ForwardOutcome,
  target: string,
  fault: Refusal | undefined,
  timeoutStatus: number,
): EndOfForwarding {
  const { failure, status, consumerGone } = outcome
  if (fault !== undefined) return status === undefined ? refused(fault) : { recorded: { ...endOfRefusal(fault), end: 'aborted', status } }
  if (consumerGone)
    return { recorded: aborted(499, 'consumer-network', 'the consumer closed its connection before the end', 'CONSUMER_GONE') }
  if (failure === undefined)
    return {
      recorded: {
        end: 'complete',
        status: status ?? 0,
        origin: (status ?? 0) >= 400 ? 'provider' : 'none',
        rule,
        verdict: verdictOfAnswer(status ?? 0),
      },
    }
  if (status !== undefined) return { recorded: aborted(status, failure.origin, failure.reason, verdictOfCut(failure.origin)) }
  return refused(refusalOfFailure(failure, target, timeoutStatus))
}

/** The end that a refusal is. */
export function endOfRefusal({ code, status, origin, rule: by, reason }: Refusal): End {
  return { end: 'refused', status, origin, rule: by, reason, verdict: verdictOfRefusal(code, by, origin) }
}

function refused(refusal: Refusal): EndOfForwarding {
  return { refusal, recorded: endOfRefusal(refusal) }
}

function aborted(status: number, origin: End['origin'], reason: string, verdict: VerdictCode): End {
  return { end: 'aborted', status, origin, rule, reason, verdict }
}
