import { LockoutRefused } from '../state/lockouts.ts'
import { lockoutRequestOf, releaseReasonOf } from './lockout-body.ts'
import type { OpsAct, OpsParts } from './ops-parts.ts'
import type { OpsRole } from './ops-settings.ts'
import { Problem } from './problem.ts'
import { readinessPage } from './readiness-page.ts'

/** What a route is told about its request. */
export interface OpsCall {
  /** `anybody` on an open route. */
  readonly actor: string
  readonly id: string
  readonly verbose: boolean
  readonly accept: string
  readonly body: unknown
}

/** What a route answers: text where it has a content type, else JSON. */
export type OpsAnswer =
  | { readonly status: number; readonly contentType: string; readonly text: string }
  | { readonly status: number; readonly json: unknown }

/** One line of the operators' API. `needs: 'nothing'` is open to whoever reaches the port. */
export interface OpsRoute {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly needs: 'nothing' | OpsRole
  readonly summary: string
  readonly answer: (parts: OpsParts, call: OpsCall) => OpsAnswer | Promise<OpsAnswer>
}

const plain = 'text/plain; charset=utf-8'

/** All that the operators' port and the control socket serve, and who may. */
export const opsRoutes: readonly OpsRoute[] = [
  {
    method: 'GET',
    path: '/livez',
    needs: 'nothing',
    summary: 'The process runs.',
    answer: () => ({ status: 200, contentType: plain, text: 'ok\n' }),
  },
  {
    method: 'GET',
    path: '/readyz',
    needs: 'nothing',
    summary: 'Calls would be forwarded: 200 or 503; with ?verbose, each condition; with Accept: application/json, all of it as data.',
    answer: (parts, { verbose, accept }) => {
      const readiness = parts.readiness()
      const status = readiness.ready ? 200 : 503
      if (accept.includes('application/json')) return { status, json: readiness }
      return { status, contentType: plain, text: readinessPage(readiness, verbose) }
    },
  },
  {
    method: 'GET',
    path: '/metrics',
    needs: 'nothing',
    summary: 'Metrics in Prometheus’ text format 0.0.4, or OpenMetrics by Accept.',
    answer: async (parts, { accept }) => {
      const page = await parts.metrics.text(accept)
      return { status: 200, contentType: page.contentType, text: page.body }
    },
  },
  {
    method: 'GET',
    path: '/version',
    needs: 'nothing',
    summary: 'What runs here.',
    answer: (parts) => ({ status: 200, json: parts.version }),
  },
  {
    method: 'GET',
    path: '/config',
    needs: 'viewer',
    summary: 'The settings in force, secrets hidden.',
    answer: (parts) => ({ status: 200, json: parts.effectiveConfig() }),
  },
  {
    method: 'POST',
    path: '/reload',
    needs: 'operator',
    summary: 'Reads settings, certificates and directory afresh; 409 where what was in force stays.',
    answer: async (parts, { actor }) => {
      await audited(parts, actor, 'reload', {})
      const result = await parts.reload(actor)
      return { status: result.ok ? 200 : 409, json: result }
    },
  },
  {
    method: 'GET',
    path: '/lockouts',
    needs: 'viewer',
    summary: 'The lockouts in force.',
    answer: (parts) => ({ status: 200, json: { lockouts: parts.lockouts.list() } }),
  },
  {
    method: 'POST',
    path: '/lockouts',
    needs: 'operator',
    summary: 'Locks out one certificate, asid, partyKey, organisation or endpoint, with a reason, for ever or forSeconds.',
    answer: addLockout,
  },
  {
    method: 'DELETE',
    path: '/lockouts/:id',
    needs: 'operator',
    summary: 'Releases a lockout; a reason in the body goes into the audit.',
    answer: releaseLockout,
  },
]

async function addLockout(parts: OpsParts, { actor, body }: OpsCall): Promise<OpsAnswer> {
  const request = lockoutRequestOf(body)
  const { selector, reason, forSeconds } = request
  await audited(parts, actor, 'lockout-add', { ...selector, reason, ...(forSeconds !== undefined && { forSeconds }) })
  try {
    return { status: 201, json: await parts.lockouts.add(request, actor) }
  } catch (error) {
    if (error instanceof LockoutRefused) throw new Problem(409, error.message)
    throw error
  }
}

async function releaseLockout(parts: OpsParts, { actor, id, body }: OpsCall): Promise<OpsAnswer> {
  const reason = releaseReasonOf(body)
  const lockout = parts.lockouts.list().find((candidate) => candidate.id === id)
  if (lockout === undefined) throw new Problem(404, 'There is no such lockout.')
  await audited(parts, actor, 'lockout-release', { id, ...lockout.selector, ...(reason !== undefined && { reason }) })
  const released = await parts.lockouts.release(id, actor)
  if (released === undefined) throw new Problem(404, 'There is no such lockout.')
  return { status: 200, json: released }
}

/** Every act has an actor in the audit, or is not done. */
async function audited(
  parts: OpsParts,
  actor: string,
  act: OpsAct,
  detail: Readonly<Record<string, string | number | boolean>>,
): Promise<void> {
  try {
    await parts.act(actor, act, detail)
  } catch (error) {
    parts.unforeseen(error, act)
    throw new Problem(503, 'The audit cannot record this act, so it was not done.')
  }
}
