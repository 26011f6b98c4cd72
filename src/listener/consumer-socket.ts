import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { ConsumerConnection } from '../spine/arrival.ts'
import { type ConsumerExchange, closeLingering } from './consumer-exchange.ts'

/** A request that waits for its turn on the connection. */
interface Waiting {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly awaitsContinue: boolean
}

/** Requests sent ahead of their answers; more is no client of FHIR. */
const mostWaiting = 32

/**
 * One consumer's connection: its requests are taken one at a time, each decided for itself, and once one has closed the connection nothing
 * behind it is looked at, though the parser may have read it already (pipelining; CVE-2025-4366).
 */
export class ConsumerSocket {
  readonly socket: TLSSocket
  readonly connection: ConsumerConnection
  current: ConsumerExchange | undefined
  #closed = false
  #busy = false
  readonly #waiting: Waiting[] = []
  readonly #run: (state: ConsumerSocket, one: Waiting) => Promise<ConsumerExchange>

  constructor(socket: TLSSocket, connection: ConsumerConnection, run: (state: ConsumerSocket, one: Waiting) => Promise<ConsumerExchange>) {
    this.socket = socket
    this.connection = connection
    this.#run = run
  }

  get closed(): boolean {
    return this.#closed
  }

  get idle(): boolean {
    return !this.#busy
  }

  /** Takes a request that the parser has read. */
  take(one: Waiting): void {
    if (this.#closed) return
    if (!this.#busy) void this.#serve(one)
    else if (this.#waiting.length < mostWaiting) this.#waiting.push(one)
    else this.close()
  }

  /** Nothing that comes on this connection from now on is looked at. */
  close(): void {
    this.#closed = true
    this.#waiting.length = 0
    closeLingering(this.socket)
  }

  async #serve(one: Waiting): Promise<void> {
    this.#busy = true
    const finished = new Promise<void>((resolve) => one.response.once('close', resolve))
    await this.#run(this, one)
    this.current = undefined
    await finished
    this.#busy = false
    // Either the answer said so, or a body lies unread before whatever comes next.
    if (!one.response.shouldKeepAlive || !one.request.complete) return this.close()
    const next = this.#waiting.shift()
    if (next !== undefined && !this.#closed) void this.#serve(next)
  }
}
