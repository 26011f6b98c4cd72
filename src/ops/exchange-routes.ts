import type { z } from 'zod'
import { AuditUnavailable } from '../audit/audit-trail.ts'
import { IndexUnavailable } from '../audit/index/audit-index.ts'
import { eventQuery, exchangeQuery } from '../audit/index/exchange-query.ts'
import { schemaProblems } from '../lib/schema-problems.ts'
import type { OpsParts } from './ops-parts.ts'
import type { OpsCall, OpsRoute } from './ops-route.ts'
import { Problem } from './problem.ts'

/** What operators see of the audit trail. Each look is recorded with its actor before anything is shown. */
export const exchangeRoutes: readonly OpsRoute[] = [
  {
    method: 'GET',
    path: '/exchanges',
    needs: 'viewer',
    summary:
      'Searches exchanges, newest first, by exchange, traceId, asid, organisation, interaction, rule, origin, status, slowerThanMs, since, until; limit and after give pages.',
    answer: async (parts, { actor, query }) => {
      if ('personal' in query) throw new Problem(400, 'What names people is shown to an operator: use POST /exchanges/search.')
      if ('nhsNumber' in query) throw new Problem(400, 'An NHS number does not belong into a URL: use POST /exchanges/search.')
      return { status: 200, json: await looked(parts.lookups.search(actor, read(exchangeQuery, query))) }
    },
  },
  {
    method: 'POST',
    path: '/exchanges/search',
    needs: 'operator',
    summary: 'The same search by a body of JSON, which may name an nhsNumber, and with `personal: true` shows what names people as well.',
    answer: async (parts, { actor, body }) => ({
      status: 200,
      json: await looked(parts.lookups.search(actor, read(exchangeQuery, body ?? {}))),
    }),
  },
  {
    method: 'GET',
    path: '/exchanges/:id',
    needs: 'viewer',
    summary: 'One exchange with its records, without what names a person.',
    answer: (parts, call) => look(parts, call, false),
  },
  {
    method: 'POST',
    path: '/exchanges/:id/personal',
    needs: 'operator',
    summary: 'One exchange with its records, the whole URL, the token’s claims and digests included.',
    answer: (parts, call) => look(parts, call, true),
  },
  {
    method: 'GET',
    path: '/events',
    needs: 'viewer',
    summary: 'Searches operations and the counts of floods, newest first, by type, actor, act, since, until; limit and after give pages.',
    answer: async (parts, { actor, query }) => ({ status: 200, json: await looked(parts.lookups.events(actor, read(eventQuery, query))) }),
  },
  {
    method: 'GET',
    path: '/index',
    needs: 'viewer',
    summary: 'How far the index of the audit trail has come.',
    answer: (parts) => ({ status: 200, json: parts.lookups.progress }),
  },
  {
    method: 'POST',
    path: '/index/rebuild',
    needs: 'operator',
    summary: 'Makes the index anew from this machine’s logs; GET /index tells how far it is.',
    answer: async (parts, { actor }) => {
      await looked(parts.lookups.rebuild(actor))
      return { status: 202, json: parts.lookups.progress }
    },
  },
]

async function look(parts: OpsParts, { actor, id }: OpsCall, personal: boolean) {
  if (!/^[0-9a-f]{32}$/.test(id)) throw new Problem(404, 'An exchange’s id is 32 hex digits; search by traceId for a trace id.')
  const found = await looked(parts.lookups.look(actor, id, personal))
  if (found === undefined) throw new Problem(404, 'No exchange of this id is indexed.')
  return { status: 200, json: found }
}

function read<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input)
  if (!result.success) throw new Problem(400, schemaProblems(result.error))
  return result.data
}

async function looked<T>(look: Promise<T>): Promise<T> {
  try {
    return await look
  } catch (error) {
    if (error instanceof IndexUnavailable)
      throw new Problem(503, 'The index cannot be asked now; the logs lose nothing meanwhile.', { 'Retry-After': '5' })
    if (error instanceof AuditUnavailable) throw new Problem(503, 'The audit cannot record this look, so nothing was searched.')
    throw error
  }
}
