import { parseTarget } from '../spine/target-url.ts'

/** What an `nhsMhsEndPoint` says, and what is wrong or odd about it. With faults, the parts are empty. */
export interface JudgedUrl {
  /** Lower-cased. */
  readonly host: string
  /** Without a trailing slash; empty for the root. */
  readonly path: string
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

/** Four numbers, or a last label that a resolver may take for part of one (`127.1`, `0x7f000001`, `2130706433`). */
const addressLike = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/i
const dnsName = /^(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))+$/
const serviceRoot = /^\/([^/]+)\/(?:DSTU2|STU3|R4)(?:\/|$)/i

/** Judges a registered URL by the rules that a request's target has to meet, because the two are compared (decisions, sections 2 and 8). */
export function judgeUrl(url: string, odsCode: string | undefined): JudgedUrl {
  const fault = (message: string): JudgedUrl => ({ host: '', path: '', faults: [message], warnings: [] })
  if (!/^https:\/\//.test(url)) return fault('url must begin with https:// (in lower case)')
  if (url.includes('?')) return fault('url has a query')
  if (url.includes('#')) return fault('url has a fragment')
  if (/^https:\/\/\[/.test(url)) return fault('the host of url is an IP address: register its name')
  const target = parseTarget(`/${url}`)
  if ('fault' in target) return fault(`url is not a clean URL: ${target.fault}`)
  if (target.port !== '') return fault(`url has a port (${target.port}): endpoints are reached on 443, and no port is written`)
  const name = nameFault(target.host)
  if (name !== undefined) return fault(`the host of url ${name}`)
  if (target.path.includes('%')) return fault('the path of url holds a percent sign: a service root is plain letters')
  const warnings: string[] = []
  if (target.path.endsWith('/')) warnings.push('url ends with a slash: it is compared without it')
  const registered = serviceRoot.exec(target.path)?.[1]
  if (registered !== undefined && odsCode !== undefined && registered !== odsCode)
    warnings.push(`url names the organisation ${registered}, the record ${odsCode}`)
  return { host: target.host, path: pathOf(url, target.host), faults: [], warnings }
}

/** The path of a good registered URL, without a trailing slash; empty for the root. `host` is its host in any case. */
export function pathOf(url: string, host: string): string {
  const path = url.slice('https://'.length + host.length)
  return path.endsWith('/') ? path.slice(0, -1) : path
}

/** What is wrong with a registered host name, worded to follow the field's name; `undefined` if nothing is. Takes it in any case. */
export function nameFault(name: string): string | undefined {
  if (name.includes('://')) return 'is a URL: write the name alone, without the scheme'
  if (name.includes('*')) return 'is a wildcard: certificates are compared by whole names only'
  if (name.endsWith('.')) return 'ends with a dot'
  if (addressLike.test(name) || name.includes(':')) return 'is an IP address or has a port: register the name alone'
  if (name.length > 253 || !dnsName.test(name.toLowerCase())) return 'is not a DNS name of two labels or more'
  return undefined
}
