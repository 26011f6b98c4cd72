import type { Socket } from 'node:net'
import { RecordBudget } from '../lib/record-budget.ts'
import type { Refusal } from '../spine/refusal.ts'
import type { ConsumerSocket } from './consumer-socket.ts'
import { KeyedCap } from './keyed-cap.ts'

/** Which limit a connection ran into: one on their number, or the one on TLS records that carry nothing. */
export type ConnectionCap = 'total' | 'address' | 'handshake' | 'certificate' | 'records'

/** How many connections there may be at a time. */
export interface ConnectionLimits {
  readonly maxConnectionsPerAddress: number
  readonly maxHandshakesPerAddress: number
  readonly maxConnectionsPerCertificate: number
}

interface Handshake {
  readonly socket: Socket
  /** Monotonic ms. */
  readonly since: number
}

/** What one address holds. Its handshakes go by port: a TLS socket does not name the connection below it. */
interface Peer {
  connections: number
  readonly handshakes: Map<number, Handshake>
}

/** Every open connection of the consumers' port, from the first packet of its handshake to its end; what is too many is cut at once. */
export class OpenConnections {
  readonly #limits: () => ConnectionLimits
  readonly #byCertificate: KeyedCap
  readonly #refused: (cap: ConnectionCap) => void
  readonly #peers = new Map<string, Peer>()
  readonly #accepted = new Set<Socket>()
  readonly #secured = new Map<ConsumerSocket, RecordBudget | undefined>()

  constructor(limits: () => ConnectionLimits, refused: (cap: ConnectionCap) => void) {
    this.#limits = limits
    this.#byCertificate = new KeyedCap(() => limits().maxConnectionsPerCertificate)
    this.#refused = refused
  }

  /** Connections, handshakes included. */
  get size(): number {
    return this.#accepted.size
  }

  /** Those whose handshake is done. */
  get states(): readonly ConsumerSocket[] {
    return [...this.#secured.keys()]
  }

  /** A TCP connection has come, at this monotonic ms. */
  accepted(socket: Socket, now: number): void {
    const { remoteAddress: address = '', remotePort: port = 0 } = socket
    const known = this.#peers.get(address)
    const peer = known ?? { connections: 0, handshakes: new Map<number, Handshake>() }
    const cap = capOf(peer, this.#limits())
    if (cap !== undefined) {
      this.#refused(cap)
      socket.destroy()
      return
    }
    if (known === undefined) this.#peers.set(address, peer)
    peer.connections++
    this.#accepted.add(socket)
    // One that broke off, and whose end has not been told yet: its port is used again.
    peer.handshakes.set(port, { socket, since: now })
    socket.once('close', () => {
      this.#accepted.delete(socket)
      if (peer.handshakes.get(port)?.socket === socket) peer.handshakes.delete(port)
      if (--peer.connections === 0) this.#peers.delete(address)
    })
  }

  /** Gives up the handshakes that began at this monotonic ms or before. */
  endHandshakes(since: number): void {
    for (const handshake of this.#handshakes()) if (handshake.since <= since) handshake.socket.destroy()
  }

  *#handshakes(): Iterable<Handshake> {
    for (const { handshakes } of this.#peers.values()) yield* handshakes.values()
  }

  /** A handshake is done at this monotonic ms. Returns false, with the connection cut, where its certificate has too many. */
  secured(state: ConsumerSocket, now: number): boolean {
    const { socket, connection } = state
    const { remoteAddress = '', remotePort = 0 } = socket
    const handshakes = this.#peers.get(remoteAddress)?.handshakes
    const below = handshakes?.get(remotePort)?.socket
    handshakes?.delete(remotePort)
    const certificate = connection.certificateSha256
    if (certificate !== undefined && !this.#byCertificate.take(certificate)) {
      this.#refused('certificate')
      socket.destroy()
      return false
    }
    this.#secured.set(state, below === undefined ? undefined : new RecordBudget(below, socket, now))
    socket.once('close', () => {
      this.#secured.delete(state)
      if (certificate !== undefined) this.#byCertificate.release(certificate)
    })
    return true
  }

  /** Ends the connections on which too much TLS has come that carries nothing. */
  endBare(now: number): void {
    for (const [{ socket }, budget] of this.#secured) {
      if (socket.destroyed || budget?.isSpent(now) !== true) continue
      this.#refused('records')
      socket.destroy()
    }
  }

  /** No more requests: idle connections end, handshakes are given up, the rest ends behind its answers. */
  drain(): void {
    for (const { socket } of this.#handshakes()) socket.destroy()
    for (const state of this.#secured.keys()) state.drain()
  }

  /** Ends the calls under way, with this refusal where that can still be said. */
  giveUp(why: Refusal): void {
    for (const state of this.#secured.keys()) state.giveUp(why)
  }

  /** Cuts what is left. */
  cutAll(): void {
    for (const { socket } of this.#secured.keys()) socket.destroy()
    for (const socket of this.#accepted) socket.destroy()
  }
}

/** The limit on one address that a further connection would exceed. */
function capOf({ connections, handshakes }: Peer, limits: ConnectionLimits): ConnectionCap | undefined {
  if (connections >= limits.maxConnectionsPerAddress) return 'address'
  return handshakes.size >= limits.maxHandshakesPerAddress ? 'handshake' : undefined
}
