import { passed } from '../checks/check-needs.ts'
import { isRefusal, type Refusal } from '../spine/refusal.ts'

/** How a check's refusal is taken: `enforce` refuses; `observe` records it and lets the request pass. */
export type Mode = 'enforce' | 'observe'

/** What a check sees is `In`: the arrival and what the checks before it proved. What it proves is `Out`. */
export type Decide<In, Out extends object> = (evidence: In) => Out | Refusal

/** One entry of the list of checks: data, and a maker of its decision. `Needs` are the parts and settings that it takes. */
export interface CheckEntry<Needs, In, Out extends object> {
  readonly name: string
  /** One sentence: what is true of a request that passed. */
  readonly summary: string
  /** The modes that an operator may choose; the first is the default. A check that proves something cannot merely observe. */
  readonly modes: readonly Mode[]
  /** The codes it may refuse with. */
  readonly codes: readonly string[]
  create(needs: Needs): Decide<In, Out>
}

/** One check as it is bound to its parts. What it is given must hold what the checks before it prove. */
export interface Step {
  readonly name: string
  readonly summary: string
  readonly observes: boolean
  readonly decide: Decide<object, object>
}

/** What came of putting a request through the list. */
export type Admission<Evidence> =
  | { readonly admitted: true; readonly evidence: Evidence; readonly observed: readonly Refusal[] }
  | { readonly admitted: false; readonly evidence: Partial<Evidence>; readonly refusal: Refusal; readonly observed: readonly Refusal[] }

const nothing: readonly Refusal[] = []

/**
 * An ordered list of checks whose types fit together: a check can only be added where what it needs has been proven before,
 * so a wrong order does not compile, and whoever accepts only `Evidence` accepts only what passed them all.
 */
export class Pipeline<Needs, Start extends object, Evidence extends Start> {
  readonly entries: readonly CheckEntry<Needs, never, object>[]
  private constructor(entries: readonly CheckEntry<Needs, never, object>[]) {
    this.entries = entries
  }

  /** An empty list for requests of type `Start`. */
  static of<Needs, Start extends object>(): Pipeline<Needs, Start, Start> {
    return new Pipeline<Needs, Start, Start>([])
  }

  /** The list with one more check at its end. */
  use<Out extends object>(check: CheckEntry<Needs, Evidence, Out>): Pipeline<Needs, Start, Evidence & Out> {
    return new Pipeline<Needs, Start, Evidence & Out>([...this.entries, check as unknown as CheckEntry<Needs, never, object>])
  }

  /** The checks bound to their parts, in their order: for whoever asks each of them, whatever the others say. */
  steps(needs: Needs, modeOf: (name: string) => Mode): readonly Step[] {
    return this.entries.map(({ name, summary, modes, create }) => ({
      name,
      summary,
      decide: create(needs) as Decide<object, object>,
      observes: modeOf(name) === 'observe' && modes.includes('observe'),
    }))
  }

  /**
   * Binds the checks to their parts. `modeOf` says which are only observed; `begin` makes of a request the object that what is proven of it is put into, an
   * object of this exchange alone. The result decides without waiting for anything.
   */
  bind(
    needs: Needs,
    modeOf: (name: string) => Mode,
    begin: (start: Start) => object = (start) => ({ ...start }),
  ): (start: Start) => Admission<Evidence> {
    const steps = this.steps(needs, modeOf)
    return (start) => {
      const evidence = begin(start) as Record<string, unknown>
      let observed: readonly Refusal[] | undefined
      for (const step of steps) {
        const found = step.decide(evidence)
        if (found === passed) continue
        if (!isRefusal(found)) for (const name in found) evidence[name] = (found as Record<string, unknown>)[name]
        else if (step.observes) observed = [...(observed ?? nothing), found]
        else return { admitted: false, evidence: evidence as Partial<Evidence>, refusal: found, observed: observed ?? nothing }
      }
      return { admitted: true, evidence: evidence as Evidence, observed: observed ?? nothing }
    }
  }
}

/** What is proven of a request that passed the whole list. */
export type Proven<P> = P extends Pipeline<infer _N, infer _S, infer Evidence> ? Evidence : never
