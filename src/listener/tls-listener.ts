import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Start } from '../checks/check-needs.ts'
import type { Clock } from '../lib/clock.ts'
import type { TicketKeys } from '../pki/ticket-keys.ts'
import type { TrustStore } from '../pki/trust-store.ts'
import type { ConsumerLeg } from '../proxy/exchange.ts'
import type { Registry } from '../registry/registry.ts'
import type { Arrival, ConsumerConnection } from '../spine/arrival.ts'
import { consumerConnection } from './consumer-connections.ts'
import { ConsumerExchange, UnreadableExchange } from './consumer-exchange.ts'
import { ConsumerSocket } from './consumer-socket.ts'
import type { ListenerSettings } from './listener-settings.ts'
import { refusalOfParserFault } from './parser-fault.ts'
import { receive, receiveUnreadable } from './receive.ts'
import { tlsProfile } from './tls-profile.ts'

/** What the listener needs. Trust, registry and certificate are asked for anew, so that a reload takes effect. */
export interface ListenerParts {
  readonly trust: () => TrustStore
  readonly registry: () => Registry | undefined
  readonly certificate: () => { readonly cert: string; readonly key: string }
  readonly ticketKeys: TicketKeys
  readonly clock: Clock
  readonly exchange: (start: Start, leg: ConsumerLeg) => Promise<void>
  /** Told of handshakes that failed, with OpenSSL's code. */
  readonly handshakeFailed: (code: string) => void
  /** Told once a connection of the name in its certificate and when that ends (ms since 1970). */
  readonly certificateSeen: (name: string, notAfter: number) => void
}

/** The consumers' port. */
export interface Listener {
  readonly port: number
  readonly connections: number
  /** Takes certificate, anchors and ticket keys anew; open connections stay, and are judged by the new trust at their next request. */
  renew(): void
  /** Cuts the connections of whom the predicate names, streams under way included. Returns how many. */
  cut(predicate: (connection: ConsumerConnection) => boolean): number
  /** No new connections, `Connection: close` on old ones; resolves when all have ended, or at the deadline, when the rest are cut. Returns how many were cut. */
  drain(deadlineMs: number): Promise<number>
}

/** Opens the consumers' port. Rejects with the system's error, such as EADDRINUSE. */
export async function openListener(settings: ListenerSettings, parts: ListenerParts): Promise<Listener> {
  const sockets = new Map<TLSSocket, ConsumerSocket>()
  const limits = { maxHeaders: settings.maxHeaders, maxTargetBytes: settings.maxTargetBytes }
  let draining = false
  const server = createServer({
    ...secureOptions(settings, parts),
    requestCert: true,
    rejectUnauthorized: false,
    sessionIdContext: 'ssp-consumers',
    ticketKeys: parts.ticketKeys.current(),
    handshakeTimeout: settings.handshakeTimeoutSeconds * 1000,
    maxHeaderSize: settings.maxHeaderBytes,
    headersTimeout: settings.headersTimeoutSeconds * 1000,
    requestTimeout: 0,
    keepAliveTimeout: settings.idleTimeoutSeconds * 1000,
    connectionsCheckingInterval: 1_000,
    requireHostHeader: false,
    insecureHTTPParser: false,
    noDelay: true,
  })
  // Counting is ours: beyond its own limit Node would drop header lines without a word.
  server.maxHeadersCount = 0
  server.maxConnections = settings.maxConnections

  function stateOf(socket: TLSSocket): ConsumerSocket {
    const known = sockets.get(socket)
    if (known !== undefined) return known
    const made = new ConsumerSocket(socket, consumerConnection(socket, parts.trust, parts.clock), serve)
    sockets.set(socket, made)
    const verdict = made.connection.judge()
    if (verdict.kind === 'good') parts.certificateSeen(verdict.certificate.names[0] ?? '', verdict.certificate.notAfter)
    socket.once('close', () => sockets.delete(socket))
    return made
  }

  async function serve(
    state: ConsumerSocket,
    { request, response, awaitsContinue }: { request: IncomingMessage; response: ServerResponse; awaitsContinue: boolean },
  ): Promise<ConsumerExchange> {
    const arrival = receive(request, state.connection, limits, parts.clock)
    const leg = new ConsumerExchange(request, response, askedOf(arrival), awaitsContinue)
    if (draining) response.shouldKeepAlive = false
    state.current = leg
    await parts.exchange({ ...arrival, registry: parts.registry() }, leg)
    return leg
  }

  function take(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    stateOf(request.socket as TLSSocket).take({ request, response, awaitsContinue })
  }

  server.on('secureConnection', (socket) => stateOf(socket))
  server.on('request', (request, response) => take(request, response, false))
  server.on('checkContinue', (request, response) => take(request, response, true))
  server.on('checkExpectation', (request, response) => take(request, response, false))
  server.on('connect', (_request, socket) =>
    unreadable(socket as TLSSocket, refusalOfParserFault({ code: 'HPE_INVALID_METHOD' } as NodeJS.ErrnoException)),
  )
  server.on('clientError', (error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket) =>
    unreadable(socket as TLSSocket, refusalOfParserFault(error), error.rawPacket),
  )
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => parts.handshakeFailed(error.code ?? 'unknown'))

  function unreadable(socket: TLSSocket, refusal: ReturnType<typeof refusalOfParserFault>, packet?: Buffer): void {
    // Without an entry the TLS handshake was never done: nobody to answer.
    const state = sockets.get(socket)
    if (refusal === undefined || state === undefined || state.closed) {
      socket.destroy()
      return
    }
    const underWay = state.current
    if (underWay !== undefined) underWay.spoil(refusal)
    else if (!state.idle) state.close()
    else {
      const arrival = receiveUnreadable(state.connection, refusal, parts.clock)
      void parts.exchange({ ...arrival, registry: parts.registry() }, new UnreadableExchange(socket, askedOf(arrival, packet)))
      state.close()
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(settings.port, settings.host, () => {
      server.off('error', reject)
      resolve()
    })
  })

  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return sockets.size
    },
    renew() {
      server.setSecureContext({
        ...secureOptions(settings, parts),
        sessionIdContext: 'ssp-consumers',
        ticketKeys: parts.ticketKeys.current(),
      })
    },
    cut(predicate) {
      const found = [...sockets.values()].filter(({ connection }) => predicate(connection))
      for (const { socket } of found) socket.destroy()
      return found.length
    },
    async drain(deadlineMs) {
      draining = true
      return drainServer(server, sockets, deadlineMs)
    },
  }
}

function secureOptions(settings: ListenerSettings, { trust, certificate }: ListenerParts) {
  const { anchorsPem, intermediatesPem } = trust()
  const { cert, key } = certificate()
  return { ...tlsProfile(settings.tlsProfile), cert, key, ca: [...anchorsPem, ...intermediatesPem] }
}

/** What the answer's form depends on. Of a request that nobody could read, the raw bytes may still tell what the caller likes to read. */
function askedOf(arrival: Arrival, packet?: Buffer) {
  const head = packet?.toString('latin1', 0, 16_384)
  return {
    method: arrival.method,
    target: arrival.rawTarget,
    accept: arrival.headers.get('accept') ?? (head && /^accept:[ \t]*([^\r\n]*)/im.exec(head)?.[1]),
    contentType: arrival.headers.get('content-type'),
    exchange: arrival.exchange,
  }
}

async function drainServer(server: Server, sockets: ReadonlyMap<TLSSocket, ConsumerSocket>, deadlineMs: number): Promise<number> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  for (const state of sockets.values()) if (state.idle) state.socket.end()
  server.closeIdleConnections()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, deadlineMs)
  })
  await Promise.race([closed, late])
  clearTimeout(timer)
  const rest = [...sockets.values()]
  for (const { socket } of rest) socket.destroy()
  await closed
  return rest.length
}
