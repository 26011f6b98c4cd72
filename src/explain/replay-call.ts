import { type AdmissionNeeds, type Admitted, admission, modeUnder } from '../proxy/admission.ts'
import type { Registry } from '../registry/registry.ts'
import { isRefusal } from '../spine/refusal.ts'
import { NotRecorded, unrecorded } from './not-recorded.ts'
import { decisionThen, type RecordedCall, type RecordedRefusal } from './recorded-call.ts'
import { recordedEvidence } from './recorded-evidence.ts'
import { isNotAboutClaims } from './stand-in-token.ts'

/** What comes of a recorded call when it is decided again. */
export interface Replayed {
  /** Undefined where the checks let it pass. */
  readonly refusal?: RecordedRefusal
  /** Checks that were not reached then and ask for what is not recorded: taken to pass. */
  readonly unjudged: readonly string[]
  /** What a call that passes holds of its limits: to be given back at its end. */
  readonly holding?: Admitted['holding']
}

type Decided = { readonly refusal: RecordedRefusal } | { readonly proves: object; readonly judged: boolean }

/** Who was locked out then the audit does not tell. */
const lockouts: AdmissionNeeds['lockouts'] = {
  get size() {
    return unrecorded()
  },
  find: unrecorded,
  findSlow: unrecorded,
}

/**
 * Decides recorded calls again by the list that the proxy goes by. A check decides anew where all that it asks for is recorded; of one that asks for
 * anything else, its own decision of then stands.
 */
export function createReplaying(
  { settings, allowances, clock }: Omit<AdmissionNeeds, 'lockouts'>,
  registry: Registry,
): (call: RecordedCall) => Replayed {
  const token = settings['access-token']
  // Claims are judged on a token that stands in for one whose signature is not recorded: keys have nothing to say of it.
  const unsigned = { ...settings, 'access-token': { ...token, keys: [] } }
  const steps = admission.steps({ settings: unsigned, allowances, clock, lockouts }, modeUnder(settings))
  const mustSign = ({ request: { from, interaction } }: RecordedCall) =>
    token.keys.some((one) => one.asid === from && (one.interaction === undefined || one.interaction === interaction))

  /** What the check says now, or its decision of then where that stands. */
  function decided(name: string, decide: () => object, call: RecordedCall, provenThen: (check: string) => object): Decided {
    const then = decisionThen(call, name)
    try {
      const found = decide()
      if (isRefusal(found)) return { refusal: found }
      if (name !== 'access-token') return { proves: found, judged: true }
      if (typeof then === 'object' && isNotAboutClaims(then.reason)) return { refusal: then }
      return { proves: found, judged: then !== 'unreached' || !mustSign(call) }
    } catch (error) {
      if (!(error instanceof NotRecorded)) throw error
      return typeof then === 'object' ? { refusal: then } : { proves: provenThen(name), judged: then === 'passed' }
    }
  }

  return (call) => {
    const { known, evidence, provenThen } = recordedEvidence(call, registry)
    const unjudged: string[] = []
    for (const { name, decide, observes } of steps) {
      const found = decided(name, () => decide(evidence), call, provenThen)
      if ('refusal' in found) {
        if (!observes) return { refusal: found.refusal, unjudged }
        continue
      }
      if (!found.judged) unjudged.push(name)
      Object.assign(known, found.proves)
    }
    const { holding } = known as Partial<Admitted>
    return { unjudged, ...(holding !== undefined && { holding }) }
  }
}
