import type { Socket } from 'node:net'
import type { Refusal } from '../spine/refusal.ts'
import type { ConsumerSocket } from './consumer-socket.ts'
import { KeyedCap } from './keyed-cap.ts'

/** Which limit a connection ran into. */
export type ConnectionCap = 'total' | 'address' | 'handshake' | 'certificate'

/** How many connections there may be at a time. */
export interface ConnectionLimits {
  readonly maxConnectionsPerAddress: number
  readonly maxHandshakesPerAddress: number
  readonly maxConnectionsPerCertificate: number
}

/** Every open connection of the consumers' port, from the first packet of its handshake to its end; what is too many is cut at once. */
export class OpenConnections {
  readonly #byAddress: KeyedCap
  readonly #handshakesByAddress: KeyedCap
  readonly #byCertificate: KeyedCap
  readonly #refused: (cap: ConnectionCap) => void
  readonly #accepted = new Set<Socket>()
  /** By the peer's address and port: a TLS socket does not name the connection below it. */
  readonly #handshaking = new Map<string, { readonly socket: Socket; readonly address: string; readonly since: number }>()
  readonly #secured = new Set<ConsumerSocket>()

  constructor(limits: () => ConnectionLimits, refused: (cap: ConnectionCap) => void) {
    this.#byAddress = new KeyedCap(() => limits().maxConnectionsPerAddress)
    this.#handshakesByAddress = new KeyedCap(() => limits().maxHandshakesPerAddress)
    this.#byCertificate = new KeyedCap(() => limits().maxConnectionsPerCertificate)
    this.#refused = refused
  }

  /** Connections, handshakes included. */
  get size(): number {
    return this.#accepted.size
  }

  /** Those whose handshake is done. */
  get states(): readonly ConsumerSocket[] {
    return [...this.#secured]
  }

  /** A TCP connection has come, at this monotonic ms. */
  accepted(socket: Socket, now: number): void {
    const address = socket.remoteAddress ?? ''
    if (!this.#byAddress.take(address)) {
      this.#refused('address')
      socket.destroy()
      return
    }
    if (!this.#handshakesByAddress.take(address)) {
      this.#byAddress.release(address)
      this.#refused('handshake')
      socket.destroy()
      return
    }
    const peer = peerOf(socket)
    this.#accepted.add(socket)
    // One that broke off, and whose end has not been told yet: its port is used again.
    this.#shaken(peer)
    this.#handshaking.set(peer, { socket, address, since: now })
    socket.once('close', () => {
      this.#byAddress.release(address)
      this.#accepted.delete(socket)
      if (this.#handshaking.get(peer)?.socket === socket) this.#shaken(peer)
    })
  }

  /** Gives up the handshakes that began at this monotonic ms or before. */
  endHandshakes(since: number): void {
    for (const handshake of this.#handshaking.values()) if (handshake.since <= since) handshake.socket.destroy()
  }

  /** A handshake has come to its end, whichever. */
  #shaken(peer: string): void {
    const handshake = this.#handshaking.get(peer)
    if (handshake === undefined) return
    this.#handshaking.delete(peer)
    this.#handshakesByAddress.release(handshake.address)
  }

  /** A handshake is done. Returns false, with the connection cut, where its certificate has too many. */
  secured(state: ConsumerSocket): boolean {
    const { socket, connection } = state
    this.#shaken(peerOf(socket))
    const certificate = connection.certificateSha256
    if (certificate !== undefined && !this.#byCertificate.take(certificate)) {
      this.#refused('certificate')
      socket.destroy()
      return false
    }
    this.#secured.add(state)
    socket.once('close', () => {
      this.#secured.delete(state)
      if (certificate !== undefined) this.#byCertificate.release(certificate)
    })
    return true
  }

  /** No more requests: idle connections end, handshakes are given up, the rest ends behind its answers. */
  drain(): void {
    for (const { socket } of this.#handshaking.values()) socket.destroy()
    for (const state of this.#secured) state.drain()
  }

  /** Ends the calls under way, with this refusal where that can still be said. */
  giveUp(why: Refusal): void {
    for (const state of this.#secured) state.giveUp(why)
  }

  /** Cuts what is left. */
  cutAll(): void {
    for (const { socket } of this.#secured) socket.destroy()
    for (const socket of this.#accepted) socket.destroy()
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}|${remotePort}`
}
