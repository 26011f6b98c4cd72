import { type Lockout, LockoutRefused } from '../state/lockouts.ts'
import { audited } from './audited.ts'
import { lockoutRequestOf, releaseReasonOf } from './lockout-body.ts'
import type { OpsParts } from './ops-parts.ts'
import type { OpsAnswer, OpsCall, OpsRoute } from './ops-route.ts'
import { Problem } from './problem.ts'

/** What operators see and do of lockouts. */
export const lockoutRoutes: readonly OpsRoute[] = [
  {
    method: 'GET',
    path: '/lockouts',
    needs: 'viewer',
    summary: 'The lockouts in force, and those that wait for a second person.',
    answer: (parts) => ({ status: 200, json: { lockouts: parts.lockouts.list() } }),
  },
  {
    method: 'POST',
    path: '/lockouts',
    needs: 'operator',
    summary:
      'Locks out one certificate, asid, partyKey, organisation, endpoint or binding, with a reason, for ever or forSeconds; or proposes it, where a second person must confirm.',
    answer: addLockout,
  },
  {
    method: 'POST',
    path: '/lockouts/drill',
    needs: 'operator',
    summary: 'Times how long a lockout takes to every node, without locking anybody out.',
    answer: async (parts, { actor }) => {
      await audited(parts, actor, 'lockout-drill', {})
      return { status: 200, json: { nodes: await parts.lockouts.drill() } }
    },
  },
  {
    method: 'POST',
    path: '/lockouts/:id/confirm',
    needs: 'operator',
    summary: 'Puts a proposed lockout in force; 409 for whoever proposed it.',
    answer: confirmLockout,
  },
  {
    method: 'DELETE',
    path: '/lockouts/:id',
    needs: 'operator',
    summary: 'Releases a lockout; a reason in the body goes into the audit.',
    answer: releaseLockout,
  },
]

/** A code that was mistyped, or has other letters than the directory's, would lock out nobody, without a word. */
const nobodyYet = 'No record of the directory bears this value: as the directory is now, the lockout shuts nobody out.'

async function addLockout(parts: OpsParts, { actor, body }: OpsCall): Promise<OpsAnswer> {
  const request = lockoutRequestOf(body)
  const { selector, reason, forSeconds } = request
  await audited(parts, actor, 'lockout-add', { ...selector, reason, ...(forSeconds !== undefined && { forSeconds }) })
  const added = await orConflict(parts.lockouts.add(request, actor))
  return { status: 201, json: parts.isRegistered(selector) ? added : { ...added, warning: nobodyYet } }
}

async function confirmLockout(parts: OpsParts, { actor, id }: OpsCall): Promise<OpsAnswer> {
  const { selector } = listed(parts, id)
  await audited(parts, actor, 'lockout-confirm', { id, ...selector })
  return { status: 200, json: existing(await orConflict(parts.lockouts.confirm(id, actor))) }
}

async function releaseLockout(parts: OpsParts, { actor, id, body }: OpsCall): Promise<OpsAnswer> {
  const reason = releaseReasonOf(body)
  const { selector } = listed(parts, id)
  await audited(parts, actor, 'lockout-release', { id, ...selector, ...(reason !== undefined && { reason }) })
  return { status: 200, json: existing(await orConflict(parts.lockouts.release(id, actor))) }
}

function listed(parts: OpsParts, id: string): Lockout {
  return existing(parts.lockouts.list().find((candidate) => candidate.id === id))
}

function existing(lockout: Lockout | undefined): Lockout {
  if (lockout === undefined) throw new Problem(404, 'There is no such lockout.')
  return lockout
}

async function orConflict<T>(change: Promise<T>): Promise<T> {
  try {
    return await change
  } catch (error) {
    if (error instanceof LockoutRefused) throw new Problem(409, error.message)
    throw error
  }
}
