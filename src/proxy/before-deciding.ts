import type { Start } from '../checks/check-needs.ts'
import { refuse } from '../spine/refusal.ts'
import type { CurrentLockouts } from '../state/current-lockouts.ts'

const unknown = refuse('lockout', 'LOCKOUTS_UNKNOWN', {
  reason: 'this process stood still, or heard nothing, and nobody has told it since who is locked out',
  headers: ['Retry-After', '5'],
})

/**
 * What a call waits for before anything is decided about it; undefined where it need not wait: first that this process knows who is locked out now, then what slows
 * its sender down. Who cannot be judged by what is known now is refused, whoever it is.
 */
export function beforeDeciding(
  lockouts: Pick<CurrentLockouts, 'ask'>,
  slowDown: (start: Start) => Promise<Start> | undefined,
): (start: Start) => Promise<Start> | undefined {
  return (start) => {
    const current = lockouts.ask()
    if (current === undefined) return slowDown(start)
    return current.then((known) => (known ? (slowDown(start) ?? start) : { ...start, form: unknown }))
  }
}
