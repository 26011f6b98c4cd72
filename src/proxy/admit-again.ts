import type { Start } from '../checks/check-needs.ts'
import type { Clock } from '../lib/clock.ts'
import { settledWithin } from '../lib/deadline.ts'
import type { Admission } from './pipeline.ts'

/**
 * The longest that a call waits for a share of its limits, in ms, rather than be refused too early. Whoever is asked answers within milliseconds, or
 * has been given up long before; a second is for one that is held up, as machines are.
 */
export const longestShareWaitMs = 1_000

/** What decides a request, and by what its wait is measured. */
export interface Admitting<Evidence> {
  readonly admit: (start: Start) => Admission<Evidence>
  readonly clock: Clock
}

/** A share of a limit was about to arrive: asked again each time that one is here, until all has been waited for long enough. */
export async function admitAgain<Evidence>(
  first: Admission<Evidence>,
  start: Start,
  { admit, clock }: Admitting<Evidence>,
): Promise<Admission<Evidence>> {
  const until = clock.elapsed() + longestShareWaitMs
  let admission = first
  while (!admission.admitted && admission.refusal.settles !== undefined) {
    const left = until - clock.elapsed()
    if (left <= 0) break
    await settledWithin(admission.refusal.settles, left)
    admission = admit(start)
  }
  return admission
}
