import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { request } from 'node:https'

/** A TLS party's certificate chain and key, in PEM. */
export interface ClientCertificate {
  readonly cert: Buffer
  readonly key: Buffer
}

/** One request to the proxy. `target` is the provider's URL, which is written behind the proxy's as it is. */
export interface ConsumerRequest {
  readonly port: number
  readonly ca: Buffer
  readonly client: ClientCertificate
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** What came back. */
export interface ConsumerReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** From the first byte sent, the TLS handshake included, to the last byte received. */
  readonly milliseconds: number
}

const patience = 30_000

/** Calls the proxy over mutual TLS, as a consumer does. Rejects where no HTTP answer comes within 30 seconds. */
export async function callAsConsumer(call: ConsumerRequest): Promise<ConsumerReply> {
  const began = performance.now()
  const outgoing = request({
    host: 'localhost',
    port: call.port,
    path: `/${call.target}`,
    method: call.method,
    headers: { ...call.headers, connection: 'close' },
    ca: call.ca,
    cert: call.client.cert,
    key: call.client.key,
    agent: false,
    signal: AbortSignal.timeout(patience),
  })
  outgoing.end(call.body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const body = Buffer.concat((await response.toArray()) as Buffer[]).toString('utf8')
  return { status: response.statusCode ?? 0, headers: response.headers, body, milliseconds: performance.now() - began }
}
