import type { TLSSocket } from 'node:tls'

/** What counts the bytes that have come. */
interface Counting {
  readonly bytesRead: number
}

/** Bytes below TLS that may come without carrying any of a request; a second gives some back. */
const mostBare = 65_536
const barePerSecond = 1_024
/** What a byte may cost below TLS: alone in its record it costs 23 with TLS 1.3, and up to 90 with the suites of TLS 1.2. */
const costOfByte = { 'TLSv1.3': 32, other: 128 } as const

/**
 * How much of what comes on a connection is TLS of its own: new keys, alerts, handshakes that are declined. None of it reaches whoever reads the
 * connection, each is work, and one client alone could keep a processor busy with a megabyte of it a second.
 */
export class RecordBudget {
  readonly #below: Counting
  readonly #socket: TLSSocket
  readonly #costOfByte: number
  #spare = mostBare
  #belowRead: number
  #carried: number
  #at: number

  /** Of a connection whose handshake is done at this monotonic ms; `below` is what TLS is spoken on. */
  constructor(below: Counting, socket: TLSSocket, now: number) {
    this.#below = below
    this.#socket = socket
    this.#costOfByte = socket.getProtocol() === 'TLSv1.3' ? costOfByte['TLSv1.3'] : costOfByte.other
    this.#belowRead = below.bytesRead
    this.#carried = socket.bytesRead
    this.#at = now
  }

  /** Whether more has come than may; to be asked now and then. */
  isSpent(now: number): boolean {
    const below = this.#below.bytesRead
    const carried = this.#socket.bytesRead
    const earned = (carried - this.#carried) * this.#costOfByte + ((now - this.#at) / 1000) * barePerSecond
    this.#spare = Math.min(mostBare, this.#spare + earned - (below - this.#belowRead))
    this.#belowRead = below
    this.#carried = carried
    this.#at = now
    return this.#spare < 0
  }
}
