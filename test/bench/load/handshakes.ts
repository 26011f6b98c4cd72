import { connect, type SecureContext, type TLSSocket } from 'node:tls'
import type { LoadTarget } from './load-job.ts'

/** Consumers that connect, shake hands and go, as many at a time as the target has connections. */
export class Handshakes {
  readonly #target: LoadTarget
  readonly #secureContext: SecureContext
  /** The session that each consumer resumes, where it is to. */
  readonly #sessions: Buffer[] = []

  constructor(target: LoadTarget, secureContext: SecureContext) {
    this.#target = target
    this.#secureContext = secureContext
  }

  /** Makes that many, and gives the seconds that they took. Rejects where one fails, or resumes no session that it was given. */
  async run(handshakes: number): Promise<number> {
    const from = performance.now()
    let left = handshakes
    const consumer = async (at: number): Promise<void> => {
      while (left-- > 0) await this.#shake(at)
    }
    await Promise.all(Array.from({ length: this.#target.connections }, (_, at) => consumer(at)))
    return (performance.now() - from) / 1000
  }

  /**
   * A full handshake is whole on both sides once a ticket comes: then the other side has taken our certificate. A resumed one is when both have ended
   * the connection in order: nobody has to give another ticket.
   */
  async #shake(at: number): Promise<void> {
    const { port, servername, connection } = this.#target
    const resumed = connection === 'resumed' ? this.#sessions[at] : undefined
    const socket: TLSSocket = connect({
      ...{ host: '127.0.0.1', port, servername, secureContext: this.#secureContext },
      ...(resumed !== undefined && { session: resumed }),
    })
    socket.resume()
    socket.on('session', (session: Buffer) => {
      this.#sessions[at] = session
    })
    await new Promise<void>((resolve, reject) => {
      let whole = false
      socket.once(resumed === undefined ? 'session' : 'secureConnect', () => {
        whole = resumed === undefined || socket.isSessionReused()
        socket.end()
      })
      socket.once('error', reject)
      socket.once('close', () => {
        if (whole) resolve()
        else reject(new Error(`port ${port}: the handshake was not ${resumed === undefined ? 'whole' : 'resumed'}`))
      })
    })
  }
}
