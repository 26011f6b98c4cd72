import { z } from 'zod'
import type { CircuitAct } from '../forwarding/gate-state.ts'
import { schemaProblems } from '../lib/schema-problems.ts'
import { audited } from './audited.ts'
import type { OpsParts } from './ops-parts.ts'
import type { OpsAnswer, OpsCall, OpsRoute } from './ops-route.ts'
import { Problem } from './problem.ts'

const body = z.strictObject({ host: z.string().min(1).max(253), reason: z.string().min(1).max(500) })

const summaries: Readonly<Record<CircuitAct, string>> = {
  'hold-open': 'Holds the circuit to a registered host open, with a reason: no call passes until it is released, after a restart neither.',
  'hold-closed': 'Holds it closed: calls pass whatever comes of them.',
  release: 'Lets go of it: it is closed, and opens and closes by itself again.',
}

/** What operators see and do of the circuits in front of providers. */
export const circuitRoutes: readonly OpsRoute[] = [
  {
    method: 'GET',
    path: '/circuits',
    needs: 'viewer',
    summary: 'The circuits of the providers that are known: state, learned limit, calls under way and waiting.',
    answer: (parts) => ({ status: 200, json: { circuits: parts.circuits.list() } }),
  },
  ...(['hold-open', 'hold-closed', 'release'] as const).map(
    (act): OpsRoute => ({
      method: 'POST',
      path: `/circuits/${act}`,
      needs: 'operator',
      summary: summaries[act],
      answer: (parts, call) => change(parts, call, act),
    }),
  ),
]

async function change(parts: OpsParts, { actor, body: input }: OpsCall, act: CircuitAct): Promise<OpsAnswer> {
  const result = body.safeParse(input)
  if (!result.success) throw new Problem(400, schemaProblems(result.error))
  const host = result.data.host.toLowerCase()
  if (!parts.circuits.isRegistered(host)) throw new Problem(404, 'No provider of this host is registered.')
  await audited(parts, actor, `circuit-${act}`, { host, reason: result.data.reason })
  await parts.circuits.hold(host, act)
  return { status: 200, json: { circuits: parts.circuits.list().filter((one) => one.host === host) } }
}
