/** The one clean URL that a request asks for (section 2 of the wire rules). */
export interface TargetUrl {
  /** Which of the two legal forms it came in. */
  readonly form: 'raw' | 'encoded'
  /** Lower-cased. */
  readonly host: string
  /** A port other than none; `:443` is a port too, and no endpoint is registered with one. */
  readonly port: string
  /** Begins with `/`, or is empty. Byte for byte what is forwarded. */
  readonly path: string
  /** Begins with `?`, or is empty. Byte for byte what is forwarded. */
  readonly query: string
  /** Scheme, host and path, never the query, at most 2,048 characters: what may be shown. */
  readonly shown: string
}

/** Why a target is not one clean URL. `at` is the offset in the target where that was seen. */
export interface TargetFault {
  readonly fault: string
  readonly at: number
}

const scheme = 'https://'
const encodedScheme = /^https%3[Aa]%2[Ff]%2[Ff]/
const shownLimit = 2048

/** Control characters, space, non-ASCII: never anywhere. */
const neverAllowed = /[^\x21-\x7e]/
/** Besides, not in scheme, host and path. */
const notInPath = /["<>\\^{|}`]/
const badEscape = /%(?![0-9A-Fa-f]{2})/
/** Encoded slash, backslash, dot, NUL, and other controls in a path. */
const escapedInPath = /%(?:2[EeFf]|5[Cc]|[01][0-9A-Fa-f]|7[Ff])/
const dotSegment = /(?:^|\/)\.{1,2}(?:;[^/]*)?(?=\/|$)/
const hostName = /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/

/** Reads a request target: `/https://host/path?query`, or wholly percent-encoded behind the first slash. Decodes at most once. */
export function parseTarget(rawTarget: string): TargetUrl | TargetFault {
  if (!rawTarget.startsWith('/'))
    return { fault: 'the request target must begin with "/": absolute, authority and asterisk forms are not accepted', at: 0 }
  const behind = rawTarget.slice(1)
  if (neverAllowed.test(behind))
    return { fault: 'control characters, spaces and non-ASCII characters are not accepted', at: behind.search(neverAllowed) + 1 }
  if (behind.includes('#')) return { fault: 'a fragment is not accepted', at: behind.indexOf('#') + 1 }
  if (badEscape.test(behind)) return { fault: 'a percent sign must be followed by two hex digits', at: behind.search(badEscape) + 1 }
  if (behind.startsWith(scheme)) return parseUrl(behind, 'raw')
  if (encodedScheme.test(behind)) return parseEncoded(behind)
  return { fault: 'behind the first "/" the target must be an https URL, raw or wholly percent-encoded', at: 1 }
}

function parseEncoded(behind: string): TargetUrl | TargetFault {
  const mixed = behind.search(/[/?]/)
  if (mixed >= 0) return { fault: 'an encoded target must be encoded as a whole: it holds a raw "/" or "?"', at: mixed + 1 }
  let decoded: string
  try {
    decoded = decodeURIComponent(behind)
  } catch {
    return { fault: 'the encoded target is not valid UTF-8', at: 1 }
  }
  if (neverAllowed.test(decoded)) return { fault: 'the decoded target holds a control character, a space or a non-ASCII character', at: 1 }
  if (decoded.includes('#')) return { fault: 'a fragment is not accepted', at: 1 }
  if (badEscape.test(decoded)) return { fault: 'in the decoded target a percent sign must be followed by two hex digits', at: 1 }
  return parseUrl(decoded, 'encoded')
}

function parseUrl(url: string, form: 'raw' | 'encoded'): TargetUrl | TargetFault {
  const queryAt = url.indexOf('?')
  const front = queryAt < 0 ? url : url.slice(0, queryAt)
  const pathAt = front.indexOf('/', scheme.length)
  const authority = pathAt < 0 ? front.slice(scheme.length) : front.slice(scheme.length, pathAt)
  const path = pathAt < 0 ? '' : front.slice(pathAt)
  const at = pathAt < 0 ? front.length : pathAt + 1
  if (notInPath.test(front)) return { fault: 'one of " < > \\ ^ { | } ` stands in the host or path', at: front.search(notInPath) + 1 }
  if (escapedInPath.test(path))
    return { fault: 'an encoded slash, backslash, dot or control character stands in the path', at: at + path.search(escapedInPath) }
  if (dotSegment.test(path)) return { fault: 'a dot segment stands in the path', at: at + path.search(dotSegment) }
  if (path.includes('//')) return { fault: 'an empty segment stands in the path', at: at + path.indexOf('//') }
  if (authority.includes('@')) return { fault: 'user information is not accepted', at: scheme.length + 1 }
  const colon = authority.indexOf(':')
  const host = colon < 0 ? authority : authority.slice(0, colon)
  const port = colon < 0 ? '' : authority.slice(colon + 1)
  if (colon >= 0 && !/^[0-9]{1,5}$/.test(port)) return { fault: 'the port is not a number', at: scheme.length + colon + 2 }
  if (host.length > 253 || !hostName.test(host)) return { fault: 'the host is not a DNS name', at: scheme.length + 1 }
  const lowerHost = host.toLowerCase()
  return {
    form,
    host: lowerHost,
    port,
    path,
    query: queryAt < 0 ? '' : url.slice(queryAt),
    shown: (scheme + lowerHost + (colon < 0 ? '' : `:${port}`) + path).slice(0, shownLimit),
  }
}
