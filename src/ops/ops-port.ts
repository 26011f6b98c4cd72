import type { Server as HttpServer } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../lib/clock.ts'
import { RecordBudget } from '../lib/record-budget.ts'
import type { OwnCertificate } from './expiry-gauges.ts'
import { operatorByCertificate } from './operator-certificate.ts'
import { freshTicketKeys, OpsSettingsRejected, readOperatorsTls } from './operators-tls.ts'
import { type OpsRequests, opsApp } from './ops-app.ts'
import type { OpsParts } from './ops-parts.ts'
import type { OpsSettings } from './ops-settings.ts'
import { Problem, problemBody } from './problem.ts'

/** A running operators' port. */
export interface OpsPort {
  readonly port: number
  /** Of its settings in force: its own certificate, intermediates and anchors. */
  readonly certificates: readonly OwnCertificate[]
  /** Takes all of these settings for every later request and connection; another address is bound first, then the old one is left once its requests are answered. Rejects with `OpsSettingsRejected` and changes nothing where they cannot be used. */
  reload(settings: OpsSettings, dataAnchors: ReadonlySet<string>): Promise<void>
  /** Takes no more connections, lets running answers end for two seconds, then cuts. */
  close(): Promise<void>
}

/** How long requests at an address that is left may take: one of them may be the call for the reload. */
const leaveWithinMs = 30_000

/** HTTPS for operators: the client certificate is asked for, not required. Rejects with `OpsSettingsRejected`, also where the address cannot be had. */
export async function openOpsPort(
  parts: OpsParts,
  first: OpsSettings,
  clock: Clock,
  dataAnchors: ReadonlySet<string>,
  requests: OpsRequests,
): Promise<OpsPort> {
  let settings = first
  let allowedHosts = new Set(first.allowedHosts)
  let tls = await readOperatorsTls(first, dataAnchors)
  /** How often the anchors have changed. */
  let generation = 0
  /**
   * Of each open connection, by its peer: what TLS is spoken on, which a TLS socket does not name, and the generation in which it began: its certificate was judged under
   * those anchors.
   */
  const begun = new Map<string, { readonly below: Socket; readonly generation: number }>()
  const app = opsApp(
    parts,
    {
      name: 'port',
      allowedHosts: () => allowedHosts,
      operatorOf(request) {
        const socket = request.socket as TLSSocket
        if (begun.get(peerOf(socket))?.generation !== generation)
          throw new Problem(403, 'The operators’ anchors have changed: connect again.', { Connection: 'close' })
        const operator = operatorByCertificate(socket, settings, clock.now())
        parts.expiry.operator(operator.sha256, operator.notAfter)
        return operator
      },
    },
    requests,
  )
  function serverWith(context: typeof tls.context): Server {
    const made = createServer(
      {
        ...context,
        requestCert: true,
        // Who shows no certificate, or a wrong one, is answered and told so.
        rejectUnauthorized: false,
        ticketKeys: freshTicketKeys(),
        handshakeTimeout: 10_000,
        headersTimeout: 10_000,
        requestTimeout: 15_000,
        keepAliveTimeout: 10_000,
        maxHeaderSize: 16_384,
      },
      app,
    )
    made.on('connection', (socket: Socket) => {
      const peer = peerOf(socket)
      begun.set(peer, { below: socket, generation })
      socket.once('close', () => begun.delete(peer))
    })
    made.on('secureConnection', (socket: TLSSocket) => {
      const below = begun.get(peerOf(socket))?.below
      if (below !== undefined) cutWhereBare(below, socket, clock)
    })
    made.setTimeout(120_000)
    answerUnreadable(made)
    return made
  }

  async function listenOn(address: OpsSettings, context: typeof tls.context): Promise<Server> {
    const made = serverWith(context)
    made.maxConnections = address.maximumConnections
    await listening(made, address)
    return made
  }
  const leaving = new Set<Server>()
  let server = await listenOn(first, tls.context)
  return {
    get port() {
      return (server.address() as AddressInfo).port
    },
    get certificates() {
      return tls.certificates
    },
    async reload(next, nextDataAnchors) {
      const read = await readOperatorsTls(next, nextDataAnchors)
      if (next.host !== settings.host || next.port !== settings.port) {
        const old = server
        server = await listenOn(next, read.context)
        leaving.add(old)
        void closeWithin(old, leaveWithinMs).then(() => leaving.delete(old))
      } else {
        server.setSecureContext(read.context)
        // A session says only that its certificate was good under the anchors of its time.
        server.setTicketKeys(freshTicketKeys())
        server.maxConnections = next.maximumConnections
      }
      if (String(read.anchorFingerprints) !== String(tls.anchorFingerprints)) generation++
      tls = read
      settings = next
      allowedHosts = new Set(next.allowedHosts)
    },
    async close() {
      await Promise.all([server, ...leaving].map((one) => closeWithin(one, 2_000)))
    },
  }
}

/** Ends the connection once too much TLS has come on it that carries nothing; looked at each second. */
function cutWhereBare(below: Socket, socket: TLSSocket, clock: Clock): void {
  const budget = new RecordBudget(below, socket, clock.elapsed())
  const look = setInterval(() => {
    if (budget.isSpent(clock.elapsed())) socket.destroy()
  }, 1_000).unref()
  socket.once('close', () => clearInterval(look))
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}

/** Closes the server; what is still open after so many milliseconds is cut. */
export function closeWithin(server: HttpServer, milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), milliseconds)
    server.close(() => {
      clearTimeout(cut)
      resolve()
    })
    server.closeIdleConnections()
  })
}

function listening(server: Server, { host, port }: OpsSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new OpsSettingsRejected(`The operators’ port cannot listen on ${host}:${port}: ${error.message}.`)),
    )
    server.listen(port, host.replace(/^\[|\]$/g, ''), resolve)
  })
}

/** What is not HTTP never reaches the app: the same form of answer, then the end. */
export function answerUnreadable(server: HttpServer): void {
  const body = JSON.stringify(problemBody(new Problem(400, 'The request cannot be read.')))
  const answer = `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end(answer)
    else socket.destroy()
  })
}
