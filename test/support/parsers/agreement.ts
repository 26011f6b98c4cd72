import { foldsToGuardedName, hopByHop, isDroppedFromRequest } from '../../../src/spine/header-names.ts'
import type { PlainRequest } from '../plain-reader.ts'
import { comparable, type HeaderList, type RequestReading } from './reading.ts'
import { lastRequest, type RequestJudge } from './request-judges.ts'

/** What the proxy writes into a request of its own accord. */
const written: ReadonlySet<string> = new Set(['host', 'forwarded', 'via', 'traceparent', 'expect'])

/**
 * How each judge's reading of forwarded bytes differs from the request that a consumer sent, one sentence each; empty where all of them read
 * exactly that one request, and a following one for itself.
 */
export async function disagreements(bytes: Buffer, sent: PlainRequest, judges: readonly RequestJudge[]): Promise<readonly string[]> {
  const wanted = JSON.stringify(meaning({ ...sent, target: providersTarget(sent.target) }, endToEnd(sent.headers)))
  // Behind `close` nobody would look for a second request, and all would seem to agree where the first one ends.
  const kept = Buffer.from(bytes.toString('latin1').replace(/\r\nconnection: close\r\n/i, '\r\nconnection: keep-alive\r\n'), 'latin1')
  const found = await Promise.all(
    judges.map(async (judge) => {
      const read = await judge.read(kept, true)
      const targets = read.map(({ target }) => target)
      if (read.length !== 2 || targets[1] !== '/the-end') return [`${judge.name} reads ${read.length} requests: ${targets.join(' ')}`]
      const first = read[0] as RequestReading
      const got = JSON.stringify(meaning(first, first.headers))
      return got === wanted ? [] : [`${judge.name} reads ${got} and the consumer sent ${wanted}`]
    }),
  )
  return found.flat()
}

/** The judges that read a whole request in bytes that were cut off in the middle of one. */
export async function rash(bytes: Buffer, judges: readonly RequestJudge[]): Promise<readonly string[]> {
  const found = await Promise.all(judges.map(async (judge) => ({ judge, read: await judge.read(bytes, false) })))
  return found.filter(({ read }) => read.length > 0).map(({ judge }) => `${judge.name} reads a request in what was cut off`)
}

/** Whether every judge knows a plain request and the one behind it. */
export async function readsPlainly(judge: RequestJudge): Promise<boolean> {
  const read = await judge.read(Buffer.from('POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}'), true)
  return read.length === 2 && read[0]?.target === '/a?b' && read[0].bytes === 2 && lastRequest.includes(read[1]?.target ?? 'nothing')
}

function meaning({ method, target, bytes, sha256 }: RequestReading, headers: HeaderList): unknown {
  return { method, target, bytes, sha256, headers: comparable(headers.filter(([name]) => !written.has(name.toLowerCase()))) }
}

/** The target at the provider of a target at the proxy. */
function providersTarget(target: string): string {
  const url = target.startsWith('/https://') ? target : `/${decodeURIComponent(target.slice(1))}`
  const path = url.replace(/^\/https:\/\/[^/?]*/, '')
  return path.startsWith('/') ? path : `/${path}`
}

/** What of a consumer's headers is for the provider (RFC 9110, 7.6.1); the state of a trace goes with its one readable `traceparent` (W3C Trace Context). */
function endToEnd(headers: HeaderList): HeaderList {
  const parents = headers.filter(([name]) => name.toLowerCase() === 'traceparent')
  const traced = parents.length === 1 && /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(parents[0]?.[1] ?? '')
  const named = headers.filter(([name]) => name.toLowerCase() === 'connection').flatMap(([, list]) => list.toLowerCase().split(','))
  const removed = new Set(named.map((name) => name.trim()))
  return headers.filter(([written]) => {
    const name = written.toLowerCase()
    if (name === 'tracestate' && !traced) return false
    return !hopByHop.has(name) && !isDroppedFromRequest(name) && (!removed.has(name) || foldsToGuardedName(name))
  })
}
