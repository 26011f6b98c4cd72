/** Request headers that have one meaning only if they come once. `ssp-*` are too. */
export const singletons: ReadonlySet<string> = new Set([
  'host',
  'authorization',
  'content-length',
  'content-type',
  'content-encoding',
  'content-range',
  'transfer-encoding',
  'expect',
  'if-match',
  'max-forwards',
  'traceparent',
])

/** Ways to ask for another method than the one in the request line: refused. */
export const methodOverrides: ReadonlySet<string> = new Set(['x-http-method-override', 'x-http-method', 'x-method-override'])

/** Hop-by-hop headers, never forwarded either way (RFC 9110, 7.6.1; the older Keep-Alive and Proxy-* too). */
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

/** Headers of a request that this proxy writes itself, lower-cased. */
const setByProxy: ReadonlySet<string> = new Set([
  'forwarded',
  'via',
  'traceparent',
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'expect',
])

/** Whether the proxy writes this (lower-cased) request header itself; `Connection` may name itself and close or keep-alive, not these. */
export function isSetByProxy(name: string): boolean {
  return name !== 'connection' && setByProxy.has(name)
}

/**
 * Names that a caller may not use, since a provider would take them for ours: where a call comes from, whose certificate was shown (RFC 9440 and what proxies
 * call it), and which URL was asked for, by which some servers go instead of the one that was checked. `name` is lower-cased.
 */
export function isDroppedFromRequest(name: string): boolean {
  switch (name) {
    case 'forwarded':
    case 'x-real-ip':
    case 'client-cert':
    case 'client-cert-chain':
    case 'x-arr-clientcert':
    case 'x-original-url':
    case 'x-rewrite-url':
    case 'ssp-verdict':
    case 'ssp-receipt':
      return true
    default:
      if (name.startsWith('x-forwarded-') || name.startsWith('x-client-cert')) return true
      if (name.startsWith('x-ssl-client-') || name.startsWith('ssl-client-')) return true
      return name.includes('_') && foldsToDroppedName(name)
  }
}

/** A name with an underscore that some servers read as one of the headers that decide, or as one that is dropped. */
function foldsToDroppedName(name: string): boolean {
  const folded = name.replaceAll('_', '-')
  return foldsToGuardedName(folded) || isSetByProxy(folded) || methodOverrides.has(folded) || isDroppedFromRequest(folded)
}

/** The headers on which decisions rest: `Ssp-*`, `Authorization`, `Host`, `Content-*`. `name` is lower-cased. */
export function foldsToGuardedName(name: string): boolean {
  return name.startsWith('ssp-') || name.startsWith('content-') || name === 'authorization' || name === 'host'
}

/** Headers of an answer that are dropped, because they would act on this proxy's origin, and so on every other provider, or pretend to be ours. */
export const droppedFromAnswer: ReadonlySet<string> = new Set([
  'set-cookie',
  'set-cookie2',
  'alt-svc',
  'strict-transport-security',
  'clear-site-data',
  'nel',
  'report-to',
  'public-key-pins',
  'public-key-pins-report-only',
  'ssp-verdict',
  'ssp-receipt',
  // By the national guide these are the proxy's own, and a second line of one would have no meaning.
  'x-rate-limit-limit',
  'x-rate-limit-remaining',
  'x-rate-limit-reset',
])
