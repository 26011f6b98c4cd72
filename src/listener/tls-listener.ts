import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { Start } from '../checks/check-needs.ts'
import type { Clock } from '../lib/clock.ts'
import { derived } from '../lib/derived.ts'
import type { Presentations } from '../pki/presentations.ts'
import type { TicketKeys } from '../pki/ticket-keys.ts'
import type { TrustStore } from '../pki/trust-store.ts'
import type { ConsumerLeg } from '../proxy/exchange.ts'
import type { LookLeg } from '../proxy/exchange-look.ts'
import type { Registry } from '../registry/registry.ts'
import type { ConsumerConnection } from '../spine/arrival.ts'
import { isRefusal, type Refusal, refuse } from '../spine/refusal.ts'
import { consumerConnection } from './consumer-connections.ts'
import { ConsumerSocket, type ConsumerSocketParts } from './consumer-socket.ts'
import type { ListenerSettings } from './listener-settings.ts'
import { type ConnectionCap, OpenConnections } from './open-connections.ts'
import { receive, receiveUnreadable } from './receive.ts'
import { socketLimitsOf } from './socket-limits.ts'
import { tlsProfile } from './tls-profile.ts'

/** What the listener needs. Settings, trust, registry and certificate are asked for anew, so that a reload takes effect. */
export interface ListenerParts {
  readonly settings: () => ListenerSettings
  readonly trust: () => TrustStore
  readonly registry: () => Registry | undefined
  readonly certificate: () => { readonly cert: string; readonly key: string }
  readonly presentations: Presentations
  readonly ticketKeys: Pick<TicketKeys, 'current'>
  readonly clock: Clock
  readonly exchange: (start: Start, leg: ConsumerLeg & LookLeg) => Promise<void>
  /** Told of connections that were closed because there were too many, or TLS on them that carries nothing. */
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
  /** Takes certificate, anchors, ticket keys, TLS profile and the cap on connections anew; open connections stay, and are judged by the new trust at their next request. */
  renew(): void
  /** Cuts the connections for which there is a reason, streams under way included; it is recorded of each exchange. Returns how many. */
  cut(why: (connection: ConsumerConnection) => Refusal | undefined): number
  /** No new connections, `Connection: close` on old ones; resolves when all have ended. At the deadline calls without an answer get 503, and the rest is cut. Returns how many connections were left then. */
  drain(deadlineMs: number): Promise<number>
}

/** How often the pace of handshakes, bodies and answers is looked at. */
const attendMs = 1_000

/** The longest that a timer of Node's can be set to. Handshakes have a timer of our own, whose time can change. */
const longestTimerMs = 2 ** 31 - 1

/** HTTP/2 is not negotiated; without the older name a client that offers HTTP/1.0 alone would find no handshake. */
const spoken = ['http/1.1', 'http/1.0']

/** Opens the consumers' port at this address, whatever the settings in force name. Rejects with the system's error, such as EADDRINUSE. */
export async function openListener({ host, port }: Pick<ListenerSettings, 'host' | 'port'>, parts: ListenerParts): Promise<Listener> {
  const { settings } = parts
  const open = new OpenConnections(settings, parts.connectionRefused)
  const server = createServer({
    ...secureOptions(parts),
    requestCert: true,
    rejectUnauthorized: false,
    handshakeTimeout: longestTimerMs,
    // A list would be copied for each connection, out of a pool of 64 KiB that the copy then keeps alive: 10 KiB a connection, measured.
    ALPNCallback: ({ protocols }) => spoken.find((one) => protocols.includes(one)),
  })
  // A worker would else give what is too many back to be handed to another, and where all are full, again and again. The types do not know of it.
  Object.assign(server, { maxConnections: settings().maxConnections, dropMaxConnection: true })

  const socketParts: ConsumerSocketParts = {
    now: parts.clock.elapsed,
    limits: derived(settings, socketLimitsOf),
    receive: (connection, head, { wire }) =>
      isRefusal(head) ? receiveUnreadable(connection, head, parts.clock) : receive(head, connection, wire, parts.clock),
    // Nobody is left to answer where something is thrown: the connection, which has no answer then, is cut.
    exchange: (arrival, leg) => parts.exchange({ ...arrival, registry: parts.registry() }, leg).catch(parts.unforeseen),
  }

  server.on('connection', (socket) => open.accepted(socket, parts.clock.elapsed()))
  server.on('drop', () => parts.connectionRefused('total'))
  server.on('secureConnection', (socket: TLSSocket) => {
    const state = new ConsumerSocket(socket, consumerConnection(socket, parts.presentations, parts.trust, parts.clock), socketParts)
    if (!open.secured(state, parts.clock.elapsed())) return
    const verdict = state.connection.judge()
    if (verdict.kind === 'good') parts.certificateSeen(verdict.certificate.names[0] ?? '', verdict.certificate.notAfter)
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    socket.destroy()
    parts.handshakeFailed(error.code ?? 'unknown')
  })

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const attendant = setInterval(() => {
    const now = parts.clock.elapsed()
    open.endBare(now)
    open.endHandshakes(now - settings().handshakeTimeoutSeconds * 1000)
    for (const state of open.states) state.attend(now)
  }, attendMs)
  attendant.unref()

  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return open.size
    },
    renew() {
      server.setSecureContext(secureOptions(parts))
      server.maxConnections = settings().maxConnections
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

function secureOptions({ settings, trust, certificate, ticketKeys }: ListenerParts) {
  const { anchorsPem, intermediatesPem } = trust()
  const { cert, key } = certificate()
  return {
    ...tlsProfile(settings().tlsProfile),
    cert,
    key,
    ca: [...anchorsPem, ...intermediatesPem],
    sessionIdContext: 'ssp-consumers',
    ticketKeys: ticketKeys.current(),
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
  // Asked before `size`, which still counts the last connections when the server is told of their end.
  if (await endsWithin(closed, deadlineMs)) return 0
  const left = open.size
  open.giveUp(outOfTime)
  await endsWithin(closed, farewellMs)
  open.cutAll()
  await closed
  return left
}

/** Whether it ends in this time. */
async function endsWithin(end: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds)
  })
  const ended = await Promise.race([end.then(() => true), late])
  clearTimeout(timer)
  return ended
}
