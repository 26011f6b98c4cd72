import { randomUUID } from 'node:crypto'
import type { SecureContext } from 'node:tls'
import { handshakesAtOnce } from './doorway.ts'
import { LoadConnection } from './load-connection.ts'
import type { LoadTarget } from './load-job.ts'

/** Consumers that have asked once and keep their connections. */
export class HeldConnections {
  readonly #target: LoadTarget
  readonly #secureContext: SecureContext
  readonly #connections: LoadConnection[] = []

  constructor(target: LoadTarget, secureContext: SecureContext) {
    this.#target = target
    this.#secureContext = secureContext
  }

  /** Opens so many, one request over each. Rejects at a wrong answer, and where a connection breaks meanwhile. */
  async hold(connections: number): Promise<void> {
    const [before, after] = this.#target.request
    const { promise: broken, reject } = Promise.withResolvers<never>()
    let left = connections
    const open = async (): Promise<void> => {
      while (left-- > 0) {
        const made = new LoadConnection(this.#target, this.#secureContext, (reason) => reject(new Error(reason)))
        this.#connections.push(made)
        await new Promise<void>((resolve) => made.send(`${before}${randomUUID()}${after}`, () => resolve()))
      }
    }
    await Promise.race([broken, Promise.all(Array.from({ length: handshakesAtOnce }, open))])
    // A connection that the other side closes later is missing from what is measured: that must not pass unseen.
    broken.catch((error: unknown) => {
      throw error
    })
  }

  /** Ends them. */
  close(): void {
    for (const connection of this.#connections.splice(0)) connection.close()
  }
}
