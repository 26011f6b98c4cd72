import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { answerCall, errorAnswer, fhirVersionOf, type WireAnswer } from './answer-call.ts'
import { FhirError } from './fhir-error.ts'
import { judgePeer } from './peer-certificate.ts'
import { newPractice } from './routes.ts'

/** How to start the demo provider. Certificates and key are PEM. */
export interface DemoProviderOptions {
  /** 0 takes any free port. */
  readonly port: number
  /** The loopback interface unless told otherwise. */
  readonly host?: string
  readonly certs: { readonly cert: string | Buffer; readonly key: string | Buffer; readonly ca: string | Buffer }
  /** The one name whose certificate may call. */
  readonly acceptFqdn: string
  /** Told one line for each call: no identifier of a person is in it. */
  readonly log?: (line: string) => void
  /** Wall-clock time in ms since 1970. */
  readonly now?: () => number
}

/** A demo provider that listens. */
export interface DemoProvider {
  readonly port: number
  /** Stops listening, lets running calls end for up to a second, and closes. */
  close(): Promise<void>
}

const bodyLimit = 64 * 1024
const worthGzip = 512
const reasons: Readonly<Record<number, string>> = { 495: 'SSL Certificate Error', 496: 'SSL Certificate Required' }
const compress = promisify(gzip)

/**
 * Starts a small GP Connect provider over mutual TLS: invented patients, state in memory, nothing shared with the proxy's code.
 * It answers the proxy's certificate alone and judges no token. Rejects where the port is taken (`EADDRINUSE`).
 */
export async function startDemoProvider(options: DemoProviderOptions): Promise<DemoProvider> {
  const practice = newPractice(options.now ?? Date.now)
  const log = options.log ?? (() => undefined)
  const server = createServer(
    {
      ...options.certs,
      requestCert: true,
      // Judged for each call instead, so that a caller without the right certificate gets a FHIR answer that says so.
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    },
    (request, response) => {
      void serve(request, response).catch((error: unknown) => {
        log(`failed: ${error instanceof Error ? error.message : 'unknown'}`)
        response.destroy()
      })
    },
  )

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = request.url ?? '/'
    const method = request.method ?? ''
    const peer = judgePeer(request.socket as TLSSocket, options.acceptFqdn)
    let answer: WireAnswer
    if (peer.kind === 'refused') {
      answer = { route: '-', ...errorAnswer(new FhirError('BAD_REQUEST', peer.reason, peer.status), fhirVersionOf(url)) }
    } else {
      const body = await readBody(request)
      answer = answerCall({ method, url, headers: request.headers, body }, practice)
    }
    await send(request, response, answer)
    log(logLine(request, answer))
  }

  server.listen(options.port, options.host ?? '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeIdleConnections()
      const patience = setTimeout(() => server.closeAllConnections(), 1000)
      await closed
      clearTimeout(patience)
    },
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | 'too-large'> {
  const chunks: Buffer[] = []
  let length = 0
  // Leaving the loop early must not tear the connection down: the refusal still has to be sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > bodyLimit) return 'too-large'
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

async function send(request: IncomingMessage, response: ServerResponse, answer: WireAnswer): Promise<void> {
  const plain = Buffer.from(JSON.stringify(answer.resource))
  const zipped = plain.length >= worthGzip && acceptsGzip(request.headers['accept-encoding'])
  const body = zipped ? await compress(plain) : plain
  const reason = reasons[answer.status]
  if (reason !== undefined) response.statusMessage = reason
  // What was not read to its end cannot be followed by another request.
  if (!request.complete) response.shouldKeepAlive = false
  response.writeHead(answer.status, {
    ...answer.headers,
    'Content-Type': answer.contentType,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    Vary: 'Accept-Encoding',
    ...(zipped ? { 'Content-Encoding': 'gzip' } : {}),
  })
  response.end(body)
}

function acceptsGzip(header: string | string[] | undefined): boolean {
  return String(header ?? '')
    .split(',')
    .some((part) => /^\s*(x-)?gzip\s*(;\s*q=(?!0(\.0*)?\s*$)[\d.]+\s*)?$/i.test(part))
}

/** Route, status and the caller's own ids; never the URL, which may hold an NHS number. */
function logLine(request: IncomingMessage, answer: WireAnswer): string {
  const header = (name: string) => String(request.headers[name] ?? '-').slice(0, 128)
  const route = answer.route === '-' ? `${request.method ?? ''} (no route)` : answer.route
  return `${answer.status} ${route}  from=${header('ssp-from')} interaction=${header('ssp-interactionid')} trace=${header('ssp-traceid')}`
}
