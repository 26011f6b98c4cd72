import type { Start } from '../checks/check-needs.ts'
import { type AdmissionNeeds, admission, modeUnder } from '../proxy/admission.ts'
import { isRefusal, type Refusal } from '../spine/refusal.ts'
import { proven, type provenIfAny } from './evidence-keys.ts'
import { factsOf } from './facts.ts'

/** What one check says of a call. */
export type CheckFinding = { readonly name: string; readonly summary: string } & (
  | { readonly outcome: 'passes'; readonly facts: readonly string[] }
  | { readonly outcome: 'refuses' | 'would-refuse'; readonly refusal: Refusal }
  /** What it goes by would have to be proven by checks that refuse. */
  | { readonly outcome: 'undecided'; readonly needs: readonly string[] }
)

/** What is proven where there is anything to prove, and by which check: not known, and not absent, until that one has passed. */
const provenBy: Readonly<Partial<Record<keyof typeof provenIfAny, string>>> = { interaction: 'interaction-form' }

/**
 * Asks every check of the list that the proxy runs by, whatever the ones before it say: the first that refuses is the one that would answer, and the others
 * tell what else is wrong. Sends nothing, and takes nothing of any limit that outlives it.
 */
export function explainCall(start: Start, needs: AdmissionNeeds): readonly CheckFinding[] {
  const evidence: object = { ...start }
  const passed = new Set<string>()
  return admission.steps(needs, modeUnder(needs.settings)).map(({ name, summary, decide, observes }) => {
    const missing = new Set<string>()
    const watched = new Proxy(evidence, {
      get(target, key) {
        const by = (provenBy as Readonly<Record<string | symbol, string | undefined>>)[key]
        if (by === undefined ? Object.hasOwn(proven, key) && !(key in target) : !passed.has(by)) missing.add(String(key))
        return Reflect.get(target, key)
      },
    })
    const found = decided(() => decide(watched), missing)
    if (found === undefined) return { name, summary, outcome: 'undecided', needs: [...missing] }
    if (isRefusal(found)) return { name, summary, outcome: observes ? 'would-refuse' : 'refuses', refusal: found }
    Object.assign(evidence, found)
    passed.add(name)
    return { name, summary, outcome: 'passes', facts: factsOf(found) }
  })
}

/** What the check says; undefined where it lacks what it goes by. */
function decided(decide: () => object, missing: ReadonlySet<string>): object | undefined {
  try {
    const found = decide()
    return missing.size > 0 ? undefined : found
  } catch (error) {
    if (missing.size > 0) return undefined
    throw error
  }
}
