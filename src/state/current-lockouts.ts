import type { Clock } from '../lib/clock.ts'
import { settledWithin } from '../lib/deadline.ts'
import { standstillTickMs, watchStandstill } from '../lib/standstill.ts'

/** Whether a process that decides calls knows who is locked out now, as far as it can know. */
export interface CurrentLockouts {
  /** Undefined where it does. Else it is just asking, and this resolves once it does; with false where nobody has answered in time, and the call must be refused. Never rejects. */
  ask(): Promise<boolean> | undefined
  /** Whoever tells of lockouts has said something. */
  heard(): void
  close(): void
}

/** What it goes by. Nothing here may throw or reject. */
export interface CurrentLockoutsParts {
  readonly clock: Clock
  /** Resolves once this process knows what others knew when it was called. */
  readonly catchUp: () => Promise<unknown>
  /** Whether whoever is asked was within reach while this process ran: who was not is not waited for. Default: he was. */
  readonly reachable?: () => boolean
  /** Calls wait for so long, which may be for ever; then they are refused until there is an answer. */
  readonly patienceMs: number
  /** Who tells of lockouts says something more often than this, or is asked. Default: he need not. */
  readonly silentMs?: number
  /** It asks, since it stood still or heard nothing for so long (ms). */
  readonly asks: (why: 'stood still' | 'heard nothing', milliseconds: number) => void
}

/** Other nodes wait five seconds for one that says nothing, and then call a lockout in force everywhere; it says something every second. */
const longestStandstillMs = 2_000

/** Begins to watch this process. */
export function watchLockouts(parts: CurrentLockoutsParts): CurrentLockouts {
  const { clock, catchUp, reachable = () => true, patienceMs, silentMs = Number.POSITIVE_INFINITY, asks } = parts
  let asking: Promise<boolean> | undefined
  let wasReachable = false
  /** Counted and not measured: while this process stood still, nobody was silent. */
  let silentTicks = 0

  function begin(why: Parameters<typeof asks>[0], milliseconds: number): void {
    asks(why, milliseconds)
    let known = false
    const caughtUp = catchUp().then(() => {
      known = true
      // Where it stood still once more, another question is on its way.
      if (asking === answer) asking = undefined
    })
    const ended = patienceMs === Number.POSITIVE_INFINITY ? caughtUp : settledWithin(caughtUp, patienceMs)
    const answer = ended.then(() => known)
    asking = answer
  }

  const standstill = watchStandstill({
    clock,
    longerThanMs: longestStandstillMs,
    noticed(milliseconds) {
      if (wasReachable || reachable()) begin('stood still', milliseconds)
    },
    ticked() {
      if (asking !== undefined) return
      wasReachable = reachable()
      silentTicks++
      if (silentTicks * standstillTickMs > silentMs) begin('heard nothing', silentTicks * standstillTickMs)
    },
  })

  return {
    ask() {
      standstill.look()
      return asking
    },
    heard() {
      silentTicks = 0
    },
    close: standstill.close,
  }
}
