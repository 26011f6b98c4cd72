import type { WireForm } from '../spine/arrival.ts'
import { type Refusal, refuse } from '../spine/refusal.ts'
import type { Addressed } from './receiver-interaction.ts'

/** What row 11 proves: the part of the target behind the registered service root, beginning with `/` or empty. */
export interface UnderRoot {
  readonly pathUnderRoot: string
}

/** Row 11: host without case, path with case and by whole segments. What is dialled is the registered origin all the same. */
export const registeredEndpoint = {
  name: 'registered-endpoint',
  summary: 'The target is the registered endpoint or lies under it.',
  modes: ['enforce'],
  codes: ['ENDPOINT_VARIES'],
  create: () => decide,
} as const

function decide({ target, endpoint }: WireForm & Addressed): UnderRoot | Refusal {
  const { host, port, path } = target
  const root = endpoint.path
  if (host === endpoint.host && port === '' && path.startsWith(root) && (path.length === root.length || path[root.length] === '/'))
    return { pathUnderRoot: path.slice(root.length) }
  return refuse('registered-endpoint', 'ENDPOINT_VARIES', {
    values: { registered: endpoint.url, cpa: endpoint.cpaId, target: target.shown },
    reason: `registered is ${endpoint.url} (${endpoint.cpaId}); ${difference(target, endpoint)}`,
    suspicion: 'endpoint-probing',
  })
}

function difference({ host, port, path }: WireForm['target'], endpoint: Addressed['endpoint']): string {
  if (host !== endpoint.host) return 'the host differs'
  if (port !== '') return `the target names port ${port}, and an endpoint is never registered with one`
  return path.toLowerCase().startsWith(endpoint.path.toLowerCase()) && !path.startsWith(endpoint.path)
    ? 'the path differs by the case of its letters'
    : 'the path differs'
}
