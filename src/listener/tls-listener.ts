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
import { isRefusal, type Refusal, refuse } from '../spine/refusal.ts'
import { consumerConnection } from './consumer-connections.ts'
import { ConsumerExchange, UnreadableExchange } from './consumer-exchange.ts'
import { ConsumerSocket, type SocketLimits, type Turn } from './consumer-socket.ts'
import type { ListenerSettings } from './listener-settings.ts'
import { type ConnectionCap, OpenConnections } from './open-connections.ts'
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
  /** Told of connections that were closed at once because there were too many. */
  readonly connectionRefused: (cap: ConnectionCap) => void
  /** Told of what was thrown where nothing should be; the connection is cut. */
  readonly unforeseen: (error: unknown) => void
  /** Told of handshakes that failed, with OpenSSL's code. */
  readonly handshakeFailed: (code: string) => void
  /** Told once a connection of the name in its certificate and when that ends (ms since 1970). */
  readonly certificateSeen: (name: string, notAfter: number) => void
}

/** The consumers' port. */
export interface Listener {
  readonly port: number
  /** Open connections, handshakes included. */
  readonly connections: number
  /** Takes certificate, anchors and ticket keys anew; open connections stay, and are judged by the new trust at their next request. */
  renew(): void
  /** Cuts the connections for which there is a reason, streams under way included; it is recorded of each exchange. Returns how many. */
  cut(why: (connection: ConsumerConnection) => Refusal | undefined): number
  /** No new connections, `Connection: close` on old ones; resolves when all have ended. At the deadline calls without an answer get 503, and the rest is cut. Returns how many connections were left then. */
  drain(deadlineMs: number): Promise<number>
}

/** How often the pace of bodies and answers is looked at. */
const attendMs = 1_000

/** Opens the consumers' port. Rejects with the system's error, such as EADDRINUSE. */
export async function openListener(settings: ListenerSettings, parts: ListenerParts): Promise<Listener> {
  const open = new OpenConnections(settings, parts.connectionRefused)
  const limits = { maxHeaders: settings.maxHeaders, maxTargetBytes: settings.maxTargetBytes }
  const socketLimits = socketLimitsOf(settings)
  const server = createServer({
    ...secureOptions(settings, parts),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: settings.handshakeTimeoutSeconds * 1000,
    maxHeaderSize: settings.maxHeaderBytes,
    headersTimeout: settings.headersTimeoutSeconds * 1000,
    requestTimeout: 0,
    keepAliveTimeout: settings.idleTimeoutSeconds * 1000,
    connectionsCheckingInterval: 1_000,
    requireHostHeader: false,
    insecureHTTPParser: false,
    noDelay: true,
    // HTTP/2 is not negotiated; without the older name a client that offers HTTP/1.0 alone would find no handshake.
    ALPNProtocols: ['http/1.1', 'http/1.0'],
  })
  // Counting is ours: beyond its own limit Node would drop header lines without a word.
  server.maxHeadersCount = 0
  server.maxConnections = settings.maxConnections

  function serve(state: ConsumerSocket, turn: Turn): { readonly leg?: ConsumerExchange; readonly done: Promise<void> } {
    const arrival = arrivalOf(state, turn)
    const asked = askedOf(arrival, turn.kind === 'fault' ? turn.packet : undefined)
    const leg =
      turn.kind === 'request'
        ? new ConsumerExchange(turn.request, turn.response, asked, turn.awaitsContinue)
        : new UnreadableExchange(state.socket, asked)
    const done = parts.exchange({ ...arrival, registry: parts.registry() }, leg).catch((error: unknown) => {
      // Nobody is left to answer.
      parts.unforeseen(error)
      state.socket.destroy()
    })
    return leg instanceof ConsumerExchange ? { leg, done } : { done }
  }

  function arrivalOf({ connection }: ConsumerSocket, turn: Turn): Arrival {
    if (turn.kind === 'fault' && turn.request === undefined) return receiveUnreadable(connection, turn.fault, parts.clock)
    const arrival = receive(turn.request as IncomingMessage, connection, limits, parts.clock)
    return turn.fault === undefined || isRefusal(arrival.form) ? arrival : { ...arrival, form: turn.fault }
  }

  function take(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    open.stateOf(request.socket as TLSSocket)?.take({ kind: 'request', request, response, awaitsContinue })
  }

  server.on('connection', (socket) => open.accepted(socket))
  server.on('drop', () => parts.connectionRefused('total'))
  server.on('secureConnection', (socket: TLSSocket) => {
    const state = new ConsumerSocket(socket, consumerConnection(socket, parts.trust, parts.clock), serve, socketLimits)
    if (!open.secured(state)) return
    const verdict = state.connection.judge()
    if (verdict.kind === 'good') parts.certificateSeen(verdict.certificate.names[0] ?? '', verdict.certificate.notAfter)
  })
  server.on('request', (request, response) => take(request, response, false))
  server.on('checkContinue', (request, response) => take(request, response, true))
  server.on('checkExpectation', (request, response) => take(request, response, false))
  // Node has taken its own listeners off the connection by now.
  server.on('connect', (request) => {
    request.socket.on('error', () => undefined)
    open.stateOf(request.socket as TLSSocket)?.malformed({ kind: 'fault', request, fault: noTunnel })
  })
  server.on('clientError', (error: ParserFault, stream) => {
    const socket = stream as TLSSocket
    const state = open.stateOf(socket)
    const fault = refusalOfParserFault(error)
    // A connection that has broken, whose handshake failed, or that never asked for anything.
    if (state === undefined || fault === undefined || socket.bytesRead === 0) socket.destroy()
    // The consumer has gone within a request; as behind one, what is written is sent, and its exchange ends with the connection.
    else if (error.code === 'HPE_INVALID_EOF_STATE') socket.end()
    else state.malformed({ kind: 'fault', fault, ...(error.rawPacket && { packet: error.rawPacket }) })
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException) => parts.handshakeFailed(error.code ?? 'unknown'))

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(settings.port, settings.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const attendant = setInterval(() => {
    const now = parts.clock.elapsed()
    for (const state of open.states) state.attend(now)
  }, attendMs)
  attendant.unref()

  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return open.size
    },
    renew() {
      server.setSecureContext(secureOptions(settings, parts))
    },
    cut(why) {
      const found = open.states.flatMap((state) => {
        const refusal = why(state.connection)
        return refusal === undefined ? [] : [{ state, refusal }]
      })
      for (const { state, refusal } of found) state.cut(refusal)
      return found.length
    },
    async drain(deadlineMs) {
      const cut = await drainServer(server, open, deadlineMs)
      clearInterval(attendant)
      return cut
    },
  }
}

/** An error of Node's parser, with the bytes at which it stopped. */
type ParserFault = NodeJS.ErrnoException & { readonly rawPacket?: Buffer }

const noTunnel = refuse('wire-form', 'NOT_IMPLEMENTED', { reason: 'this is no tunnel: CONNECT is not spoken here' })

function secureOptions(settings: ListenerSettings, { trust, certificate, ticketKeys }: ListenerParts) {
  const { anchorsPem, intermediatesPem } = trust()
  const { cert, key } = certificate()
  return {
    ...tlsProfile(settings.tlsProfile),
    cert,
    key,
    ca: [...anchorsPem, ...intermediatesPem],
    sessionIdContext: 'ssp-consumers',
    ticketKeys: ticketKeys.current(),
  }
}

function socketLimitsOf(settings: ListenerSettings): SocketLimits {
  return {
    bodySilenceMs: settings.bodySilenceSeconds * 1000,
    minimumBytesPerSecond: settings.minimumBytesPerSecond,
    minimumRateAfterMs: settings.minimumRateAfterSeconds * 1000,
    unreadAnswerMs: settings.unreadAnswerSeconds * 1000,
  }
}

/** What the answer's form depends on. Of a request that nobody could read, the raw bytes may still tell what the caller likes to read. */
function askedOf(arrival: Arrival, packet?: Buffer) {
  const head = packet?.toString('latin1', 0, 16_384)
  return {
    method: arrival.method,
    target: arrival.rawTarget || (head === undefined ? '' : (/^[!-~]{1,32} ([!-~]*)/.exec(head)?.[1] ?? '')),
    accept: arrival.headers.get('accept') ?? (head && /^accept:[ \t]*([^\r\n]*)/im.exec(head)?.[1]),
    contentType: arrival.headers.get('content-type') ?? (head && /^content-type:[ \t]*([^\r\n]*)/im.exec(head)?.[1]),
    exchange: arrival.exchange,
  }
}

/** How long a call that has no more time may take to be told so. */
const farewellMs = 2_000

const outOfTime = refuse('drain', 'SHUTTING_DOWN', {
  reason: 'the proxy stopped before the call had ended',
  headers: ['Retry-After', '5'],
})

async function drainServer(server: Server, open: OpenConnections, deadlineMs: number): Promise<number> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  open.drain()
  await endsWithin(closed, deadlineMs)
  const left = open.size
  open.giveUp(outOfTime)
  await endsWithin(closed, farewellMs)
  open.cutAll()
  await closed
  return left
}

async function endsWithin(end: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([end, late])
  clearTimeout(timer)
}
