import type { IncomingMessage } from 'node:http'
import { Problem } from './problem.ts'

/**
 * Throws a `Problem` unless the request addresses us by a name of ours: a name that an attacker's DNS points at this port
 * arrives with the attacker's Host (DNS rebinding). No X-Forwarded header is looked at.
 */
export function checkHost(request: IncomingMessage, allowedHosts: ReadonlySet<string>): void {
  if (!request.url?.startsWith('/')) throw new Problem(400, 'The request target must be a path.')
  const hosts = request.headersDistinct['host'] ?? []
  if (hosts.length !== 1) throw new Problem(400, 'A request has exactly one Host header.')
  const name = /^(\[[0-9a-f:.]+\]|[^:[\]@/\\]+)(?::[0-9]{1,5})?$/i.exec(hosts[0] ?? '')?.[1]
  if (name === undefined || !allowedHosts.has(name.toLowerCase())) throw new Problem(421, 'This host is not served here.')
}

/**
 * Throws a `Problem` where a browser says that a page of another origin sent this (CSRF; the Fetch Metadata headers), or where
 * the content type is one that a page may send elsewhere without asking first. Programs send neither header and pass.
 */
export function checkOrigin(request: IncomingMessage): void {
  const { origin, host } = request.headers
  const site = request.headers['sec-fetch-site']
  const changes = request.method !== 'GET' && request.method !== 'HEAD'
  if (origin !== undefined && origin.toLowerCase() !== `https://${host?.toLowerCase()}`) throw new Problem(403, 'Not from another origin.')
  if (site !== undefined && site !== 'same-origin' && (site !== 'none' || changes)) throw new Problem(403, 'Not from another site.')
  if (request.method === 'POST' && !/^application\/json(?:\s*;|$)/i.test(request.headers['content-type'] ?? '')) {
    throw new Problem(415, 'A POST has Content-Type: application/json, with or without a body.')
  }
}
