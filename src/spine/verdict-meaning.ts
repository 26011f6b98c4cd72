import type { Origin } from './origin.ts'

/** Who has to act on a verdict. */
export type Actor = 'nobody' | 'consumer' | 'provider' | 'operator' | 'registrar'

/** Whether sending the call again can help: never as it is, only after somebody has changed something, or by waiting. */
export type Retry = 'needless' | 'useless' | 'after-change' | 'later'

/** What one verdict means to both parties. The sentences name no value of a call: what was found is the record's `reason`. */
export interface VerdictMeaning {
  readonly origin: Origin
  /** What a call must be or do so that this verdict is not given. */
  readonly expected: string
  readonly retry: Retry
  readonly who: Actor
  /** What that party does next. */
  readonly next: string
}

/** For what can end a call that the provider had already been given. */
export const maybeDone = 'the call may have been carried out: ask before a write is sent again.'
