import { lateAfter } from '../lib/deadline.ts'
import type { Logger } from '../lib/logger.ts'
import type { SharedEvidence } from '../protection/shared-evidence.ts'
import type { Lockout, LockoutRequest, Lockouts } from '../state/lockouts.ts'

/** How long one of several nodes that see the same is the one to act, and how long the others wait for what it does before they act themselves. */
const claimMs = 5_000
const waitMs = 3_000

/** Begins the name of the author of a lockout by rule; the rule's name is behind. */
export const byRule = 'rule:'

/** Whether a rule is the author. */
export function isRule(author: string): boolean {
  return author.startsWith(byRule)
}

type Asked = LockoutRequest & Required<Pick<LockoutRequest, 'effect'>>

/** Locks out by rule unless that is done, or another node is about to do it. Rejects like `Lockouts.add`. */
export async function lockOutOnce(lockouts: Lockouts, shared: SharedEvidence, request: Asked, author: string): Promise<void> {
  const isDone = (): boolean => lockouts.list().some((lockout) => does(lockout, request))
  if (isDone()) return
  const { kind, value } = request.selector
  const first = await shared.claim(`${request.effect}:${kind}:${value}`, claimMs)
  if (!first) await changed(lockouts, isDone)
  if (!isDone()) await lockouts.add(request, author)
}

/** Resolves once a change makes it true, or after `waitMs`. */
async function changed(lockouts: Lockouts, isDone: () => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const forget = lockouts.onChange(() => {
    if (isDone()) resolve()
  })
  const timer = lateAfter(waitMs, resolve).unref()
  if (isDone()) resolve()
  await promise
  clearTimeout(timer)
  forget()
}

/** Whether a lockout does what is asked for, or would once somebody confirms it. */
function does({ selector, effect, state, author }: Lockout, request: Asked): boolean {
  if (selector.kind !== request.selector.kind || selector.value !== request.selector.value) return false
  if (state === 'proposed') return effect === request.effect && isRule(author)
  return effect === request.effect || effect === 'block'
}

/**
 * Nodes that do not hear of each other may each lock out by rule whoever each of them sees. Once they do, the lockout that lasts longest is enough: each
 * node takes back the others that it has changed last. Ends when the lockouts are closed.
 */
export function takeBackDoubles(lockouts: Lockouts, node: string, logger: Logger): void {
  lockouts.onChange(({ lockout: changed }) => {
    if (changed.state === 'released' || !isRule(changed.author)) return
    const { kind, value } = changed.selector
    const same = lockouts
      .list()
      .filter(
        ({ selector, effect, author }) => selector.kind === kind && selector.value === value && effect === changed.effect && isRule(author),
      )
      .sort(byWeight)
    for (const one of same.slice(0, -1)) {
      if (one.node !== node) continue
      lockouts
        .release(one.id, one.author)
        .catch((error: unknown) =>
          logger.error({ lockout: one.id, error: String(error) }, 'a second lockout of the same could not be taken back'),
        )
    }
  })
}

/** The same order on every node: what is in force weighs more than what is proposed, then what lasts longer. */
function byWeight(one: Lockout, other: Lockout): number {
  const inForce = Number(one.state === 'inForce') - Number(other.state === 'inForce')
  const longer = (one.until ?? Number.POSITIVE_INFINITY) - (other.until ?? Number.POSITIVE_INFINITY)
  return inForce || longer || (one.id < other.id ? -1 : 1)
}
