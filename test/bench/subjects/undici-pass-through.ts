// The cheapest fair pass-through in Node: mutual TLS on both legs, the target mapped, end-to-end headers kept byte for byte, bodies streamed
// with backpressure. No check, no record. Arguments as in pass-through.ts.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { buildConnector, type Dispatcher, Pool } from 'undici'
import { patience, providerHost } from '../bench-tls.ts'
import { passThrough, providerPath } from './pass-through.ts'

type Controller = Dispatcher.DispatchController & { readonly rawHeaders?: readonly Buffer[] }

const settings = passThrough()
const dial = buildConnector({ ...settings.client, timeout: patience.connectSeconds * 1000 } as buildConnector.BuildOptions)
const pool = new Pool(`https://${providerHost}`, {
  connections: settings.providerConnections,
  pipelining: 1,
  allowH2: false,
  keepAliveTimeout: 60_000,
  keepAliveMaxTimeout: 60_000,
  connect: (options, callback) => dial({ ...options, hostname: '127.0.0.1', port: String(settings.providerPort) }, callback),
})

/** Takes one answer and hands it on. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse
  #controller: Controller | undefined

  constructor(response: ServerResponse) {
    this.#response = response
    response.on('drain', () => this.#controller?.resume())
    response.on('close', () => {
      if (!response.writableFinished) this.#controller?.abort(new Error('the consumer has gone'))
    })
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
  }

  onResponseStart(controller: Controller, status: number, _headers: unknown, reason?: string): void {
    if (status >= 200) this.#response.writeHead(status, reason, endToEnd((controller.rawHeaders ?? []).map(latin1)))
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (!this.#response.write(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    this.#response.end()
  }

  onResponseError(): void {
    if (this.#response.headersSent) this.#response.destroy()
    else this.#response.writeHead(502).end()
  }
}

function latin1(text: Buffer): string {
  return text.toString('latin1')
}

function endToEnd(raw: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i + 1 < raw.length; i += 2) {
    switch (raw[i]?.toLowerCase()) {
      case 'host':
      case 'connection':
      case 'keep-alive':
      case 'transfer-encoding':
      case 'expect':
        continue
    }
    kept.push(raw[i] as string, raw[i + 1] as string)
  }
  return kept
}

function pass(request: IncomingMessage, response: ServerResponse): void {
  const path = providerPath(request.url ?? '')
  if (path === undefined) {
    response.writeHead(404).end()
    return
  }
  const headers = endToEnd(request.rawHeaders)
  headers.push('Host', providerHost)
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers
  const body = length === undefined && coding === undefined ? null : request
  pool.dispatch({ path, method: request.method as Dispatcher.HttpMethod, headers, body }, new Answer(response))
}

createServer(settings.server, pass).listen(settings.port, '127.0.0.1')
