import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import type { Issued } from './certificate-authority.ts'
import { type Callable, dialledBy, honestHeaders } from './consumer.ts'
import type { FakeProvider } from './fake-provider.ts'
import { world } from './start-world.ts'

/** An answer that has begun and goes on. */
export interface BegunCall {
  readonly answer: IncomingMessage
  readonly exchange: string
  /** Bytes that have come so far. */
  readonly bytes: () => number
  /** Resolves once the consumer's leg is over: `cut` where the answer was not whole. */
  readonly ended: Promise<'whole' | 'cut'>
  destroy(): void
}

const piece = Buffer.alloc(65_536, 'x')

/** Makes the provider answer with so many bytes, as fast as they are taken; its legs that were cut are counted. */
export function streamForEver(provider: FakeProvider, bytes: number): { readonly cut: () => number; readonly begun: () => number } {
  const counts = { cut: 0, begun: 0 }
  provider.answer = async (_request, response) => {
    counts.begun++
    response.on('close', () => {
      if (!response.writableFinished) counts.cut++
    })
    const closed = once(response, 'close')
    response.writeHead(200, { 'Content-Type': 'application/fhir+json', 'Content-Length': bytes })
    for (let sent = 0; sent < bytes && !response.destroyed; sent += piece.length) {
      const more = response.write(piece.subarray(0, Math.min(piece.length, bytes - sent)))
      if (!more) await Promise.race([new Promise((resolve) => response.once('drain', resolve)), closed])
    }
    response.end()
  }
  return { cut: () => counts.cut, begun: () => counts.begun }
}

/** Begins a call and resolves when its answer has begun; it is read as it comes. */
export async function beginCall(
  here: Callable,
  { as = here.certificates.consumer, headers = {} }: { readonly as?: Issued; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<BegunCall> {
  const sent = request({
    ...dialledBy(here, as),
    agent: false,
    path: `/${world.root}/Patient?identifier=x`,
    headers: { ...honestHeaders(world.searchPatient), ...headers },
  })
  sent.on('error', () => undefined)
  sent.end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  let bytes = 0
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  answer.on('error', () => undefined)
  const ended = new Promise<'whole' | 'cut'>((resolve) => {
    answer.once('close', () => resolve(answer.complete ? 'whole' : 'cut'))
  })
  const exchange = /id="([0-9a-f]{32})"/.exec(String(answer.headers['ssp-verdict']))?.[1] ?? ''
  return { answer, exchange, bytes: () => bytes, ended, destroy: () => sent.destroy() }
}
