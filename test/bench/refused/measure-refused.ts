import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { connect } from 'node:tls'
import { consumerContext } from '../load/consumer-context.ts'
import type { Load } from '../load/load.ts'
import type { OwnedProcess } from '../owned-processes.ts'
import { cpuSecondsOf } from '../process-cpu.ts'
import { aroundTrace, type RefusedCall, wholeRequest } from './refused-calls.ts'

/** An answer as the bare server is to give it; names and values take turns. */
export interface BareAnswer {
  readonly status: number
  readonly reason: string
  readonly headers: readonly string[]
  readonly body: string
}

/** CPU milliseconds of one call at the proxy and at the bare server, measured one after the other. */
export interface RefusedRound {
  readonly proxy: number
  readonly bare: number
}

const settleMs = 100
const connections = 16
const warmUpShare = 0.15
/** Headers that Node's server writes by itself. */
const nodesOwn = new Set(['date', 'connection', 'keep-alive'])

/** What the proxy answers to a call of this kind. Rejects where it is not the refusal that is meant to be measured. */
export async function answerOf(kind: RefusedCall, port: number, directory: string): Promise<BareAnswer> {
  const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', secureContext: consumerContext(directory, kind.as) })
  socket.write(wholeRequest(kind.request()), 'latin1')
  let text = ''
  for (;;) {
    const [chunk] = (await Promise.race([once(socket, 'data'), once(socket, 'end').then(() => [undefined])])) as [Buffer | undefined]
    text += chunk?.toString('utf8') ?? ''
    const [head = '', body = ''] = text.split('\r\n\r\n')
    const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN)
    if (chunk !== undefined && Buffer.byteLength(body) < (Number.isNaN(length) ? Number.POSITIVE_INFINITY : length)) continue
    socket.destroy()
    const [, status, reason = ''] = /^HTTP\/1\.1 (\d+) (.*)/.exec(head) ?? []
    if (Number(status) !== kind.status) throw new Error(`${kind.name} was answered ${status}, not ${kind.status}: ${text.slice(0, 600)}`)
    const headers = [...head.matchAll(/\r\n([^:]+): (.*)/g)].flatMap(([, name = '', value = '']) =>
      nodesOwn.has(name.toLowerCase()) ? [] : [name, value],
    )
    return { status: kind.status, reason, headers: kind.fresh ? [...headers, 'Connection', 'close'] : headers, body }
  }
}

/** One subject's window: warmed up, then that many calls. CPU milliseconds of its process for each. */
async function windowOf(kind: RefusedCall, running: OwnedProcess, load: Load, requests: number, answerBytes: number): Promise<number> {
  const { as, fresh, status } = kind
  await load.aim({
    ...{ port: running.port, servername: 'localhost', connections, status, as, answerBytes },
    connection: fresh ? ('new' as const) : ('kept' as const),
    request: aroundTrace(kind.request()),
  })
  await load.run(warmUpOf(requests))
  await pause(settleMs)
  const before = cpuSecondsOf(running.pid)
  await load.run(requests)
  await pause(settleMs)
  const spent = cpuSecondsOf(running.pid) - before
  await load.close()
  return (spent / requests) * 1000
}

function warmUpOf(requests: number): number {
  return Math.ceil(requests * warmUpShare)
}

/** How many calls of this kind come to one subject for each window: with those that warm up, and one over each connection that is kept. */
export function callsOf({ fresh }: RefusedCall, requests: number): number {
  return requests + warmUpOf(requests) + (fresh ? 0 : connections)
}

/** One round: the proxy and the bare server, neighbours in time, in an order that changes from round to round. */
export async function refusedRound(
  kind: RefusedCall,
  subjects: { readonly proxy: OwnedProcess; readonly bare: OwnedProcess },
  load: Load,
  { requests, round, answerBytes }: { readonly requests: number; readonly round: number; readonly answerBytes: number },
): Promise<RefusedRound> {
  const of = (who: 'proxy' | 'bare') => windowOf(kind, subjects[who], load, requests, answerBytes)
  if (round % 2 === 1) {
    const proxy = await of('proxy')
    return { proxy, bare: await of('bare') }
  }
  const bare = await of('bare')
  return { proxy: await of('proxy'), bare }
}
