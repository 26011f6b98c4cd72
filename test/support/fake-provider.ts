import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'

/** One request as a provider received it. */
export interface ReceivedRequest {
  readonly method: string
  readonly target: string
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
}

/** A provider whose answers a test decides. */
export interface FakeProvider {
  readonly port: number
  /** Every request whose body has been read, in order. Not filled while `answer` streams bodies itself. */
  readonly received: ReceivedRequest[]
  /** How the next requests are answered; by default 200 with a small Bundle. Gets the request before its body is read. */
  answer: (request: IncomingMessage, response: ServerResponse, body: () => Promise<Buffer>) => unknown
  /** Connections accepted so far, and open now. */
  readonly connections: { accepted: number; open: number }
  close(): Promise<void>
}

/** A small answer of a FHIR provider. */
export const smallBundle = JSON.stringify({ resourceType: 'Bundle', type: 'searchset', total: 0 })

/** Starts a provider on a free port of loopback, over mutual TLS. */
export async function startFakeProvider(tls: ServerOptions): Promise<FakeProvider> {
  const received: ReceivedRequest[] = []
  const connections = { accepted: 0, open: 0 }
  const provider: Pick<FakeProvider, 'answer'> = {
    answer: async (_request, response, body) => {
      await body()
      response.writeHead(200, { 'Content-Type': 'application/fhir+json;charset=utf-8', 'Content-Length': Buffer.byteLength(smallBundle) })
      response.end(smallBundle)
    },
  }
  const server = createServer({ requestCert: true, rejectUnauthorized: true, keepAliveTimeout: 60_000, ...tls }, (request, response) => {
    const body = async () => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      const whole = Buffer.concat(chunks)
      received.push({ method: request.method ?? '', target: request.url ?? '', rawHeaders: request.rawHeaders, body: whole })
      return whole
    }
    response.on('error', () => undefined)
    Promise.resolve(provider.answer(request, response, body)).catch(() => response.destroy())
  })
  server.on('secureConnection', (socket: TLSSocket) => {
    connections.accepted++
    connections.open++
    socket.on('error', () => undefined)
    socket.once('close', () => connections.open--)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return Object.assign(provider, {
    port: (server.address() as AddressInfo).port,
    received,
    connections,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

/** A provider that speaks in bare bytes: `speak` gets each connection once the TLS handshake is done. */
export async function startRawProvider(
  tls: ServerOptions,
  speak: (socket: TLSSocket) => void,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const open = new Set<TLSSocket>()
  const server = createTlsServer({ requestCert: true, rejectUnauthorized: true, ...tls }, (socket) => {
    open.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => open.delete(socket))
    speak(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
