import {
  type BreakerAnswer,
  type BreakerEvent,
  type BreakerRules,
  type BreakerState,
  breakerAnswer,
  breakerWait,
  closedBreaker,
  nextBreaker,
} from './breaker.ts'
import { FailureWindow } from './failure-window.ts'
import type { SharedTurn } from './gate-call.ts'
import type { MachineLimit } from './provider-limit.ts'

/** Gates elsewhere are told that a circuit stays open for longer where it is by more than this: a Retry-After is in seconds. */
const worthTellingMs = 1_000

/** One provider's circuit with the failures that it goes by. No timer, no input or output. */
export class Circuit {
  #rules: BreakerRules
  #state: BreakerState = closedBreaker
  #retryAt = 0
  /** Until when gates to the same provider elsewhere know it to be open; 0 where they know it as closed. */
  #toldUntil = 0
  /** How often it had opened without a recovery, as it did last. */
  #openings = 0
  /** Calls and failures; each call is recorded here before it is judged. */
  readonly window: FailureWindow

  constructor(rules: BreakerRules) {
    this.#rules = rules
    this.window = new FailureWindow(rules.windowMs)
  }

  /** Goes by other rules from now on. Failures are counted anew where their window has another length. */
  follow(rules: BreakerRules): void {
    this.window.follow(rules.windowMs)
    this.#rules = rules
  }

  get state(): BreakerState {
    return this.#state
  }

  /** It keeps calls away: an operator holds it open, or it has opened and is not only observed. */
  isShut(observes: boolean): boolean {
    const { kind } = this.#state
    return kind === 'held-open' || ((kind === 'open' || kind === 'half-open') && !observes)
  }

  /** What becomes of a call that comes now. */
  answer(now: number): BreakerAnswer {
    return breakerAnswer(this.#state, now, this.#rules)
  }

  /** How long, in ms, until a call may be let through again. */
  waitMs(now: number): number {
    return breakerWait(this.#state, now, this.#rules)
  }

  /** A probe is made; the episode that it is of. */
  probe(now: number): number {
    this.take({ type: 'probe-began', now })
    return this.#state.episode
  }

  /** Something happens to it; true where it became of another kind. */
  take(event: BreakerEvent): boolean {
    const before = this.#state
    this.#state = nextBreaker(before, event, this.#rules)
    if (this.#state.kind === 'open') this.#openings = this.#state.openings
    if (this.#state.kind === before.kind) return false
    this.window.clear()
    if (this.#state.kind === 'closed') this.#retryAt = 0
    if (this.#state.kind === 'held-open' || this.#state.kind === 'held-closed') this.#toldUntil = 0
    return true
  }

  /** Takes over what it became at another gate, and stays open for longer where the provider asked this one for that. True where it became of another kind. */
  adopt(to: SharedTurn, now: number): boolean {
    if (to.kind === 'closed') {
      this.#toldUntil = 0
      return this.take({ type: 'closed-elsewhere', openings: to.openings })
    }
    this.#toldUntil = now + to.forMs
    const asked = Math.min(this.#retryAt, now + this.#rules.longestRetryAfterMs)
    return this.take({ type: 'opened-elsewhere', until: Math.max(this.#toldUntil, asked), openings: to.openings })
  }

  /** The provider wants to be left alone until then, a monotonic ms. */
  askedToWait(retryAt: number): void {
    if (retryAt > this.#retryAt) this.#retryAt = retryAt
  }

  /**
   * Judges by the call that was recorded last; `probe` is the episode that it probed, `machine` what other processes know of the provider. True where the circuit
   * became of another kind.
   */
  judge(failed: boolean, probe: number | undefined, machine: MachineLimit | undefined, now: number): boolean {
    if (!failed) return this.take({ type: 'succeeded', probe })
    const others = machine?.others(now)
    const own = this.window.tally(now, others)
    // Where others call, and nothing was told yet of what they saw, this consumer is not taken for the only one.
    const tally = machine?.contested === true && others === undefined ? { ...own, callers: 2 } : own
    return this.take({ type: 'failed', now, probe, tally, retryAt: this.#retryAt })
  }

  /** Tells gates to the same provider elsewhere what they do not know, if anything. `turned`: it became of another kind by what was seen here. */
  tell(others: ((to: SharedTurn) => void) | undefined, turned: boolean, now: number): void {
    const state = this.#state
    if (state.kind === 'open' && (turned || state.until > this.#toldUntil + worthTellingMs)) {
      this.#toldUntil = state.until
      others?.({ kind: 'open', forMs: state.until - now, openings: state.openings })
    } else if (state.kind === 'closed' && turned) {
      this.#toldUntil = 0
      others?.({ kind: 'closed', openings: this.#openings })
    }
  }
}
