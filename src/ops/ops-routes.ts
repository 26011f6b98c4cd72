import { audited } from './audited.ts'
import { circuitRoutes } from './circuit-routes.ts'
import { exchangeRoutes } from './exchange-routes.ts'
import { lockoutRoutes } from './lockout-routes.ts'
import type { OpsRoute } from './ops-route.ts'
import { readinessPage } from './readiness-page.ts'
import { witnessRoutes } from './witness-routes.ts'

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
  ...lockoutRoutes,
  ...circuitRoutes,
  ...exchangeRoutes,
  ...witnessRoutes,
]
