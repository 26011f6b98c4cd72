import type { Start } from '../checks/check-needs.ts'
import type { Clock } from '../lib/clock.ts'
import { askedAsSharesArrive } from '../protection/share-wait.ts'
import type { Admission } from './pipeline.ts'

/** What decides a request, and by what its wait is measured. */
export interface Admitting<Evidence> {
  readonly admit: (start: Start) => Admission<Evidence>
  readonly clock: Clock
}

/** Decides anew, whole, as shares of limits arrive. */
export function admitAgain<Evidence>(
  first: Admission<Evidence>,
  start: Start,
  { admit, clock }: Admitting<Evidence>,
): Promise<Admission<Evidence>> {
  const settles = (one: Admission<Evidence>): Promise<void> | undefined => (one.admitted ? undefined : one.refusal.settles)
  return askedAsSharesArrive(first, settles, () => admit(start), clock.elapsed)
}
