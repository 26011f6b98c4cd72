import { randomUUID } from 'node:crypto'
import type { SecureContext } from 'node:tls'
import { Doorway } from './doorway.ts'
import { LoadConnection, type Resumption } from './load-connection.ts'
import type { LoadResult, LoadTarget } from './load-job.ts'

/**
 * As many consumers as the target has connections, each of which asks again as soon as it has its answer. Connections that are kept stand before the
 * clock starts, with one request made over each; no more than a few handshakes are under way at a time.
 */
export class ClosedLoop {
  readonly #target: LoadTarget
  readonly #secureContext: SecureContext
  readonly #connections: LoadConnection[] = []
  readonly #doorway = new Doorway()
  /** The session that each consumer resumes, where it is to. */
  readonly #sessions: Buffer[] = []
  #fault: ((reason: Error) => void) | undefined

  constructor(target: LoadTarget, secureContext: SecureContext) {
    this.#target = target
    this.#secureContext = secureContext
  }

  /** Makes that many requests. Rejects at the first answer that is wrong or does not come. */
  async run(requests: number): Promise<LoadResult> {
    const latencies = new Float64Array(requests)
    const consumers = Math.min(this.#target.connections, requests)
    if (this.#target.connection === 'kept') await this.#openAll(consumers)
    const from = performance.now()
    await new Promise<void>((resolve, reject) => {
      this.#fault = reject
      let asked = 0
      let answered = 0
      const ask = (at: number): void => {
        const number = asked++
        const sent = performance.now()
        const [before, after] = this.#target.request
        const send = (connection: LoadConnection): void =>
          connection.send(`${before}${randomUUID()}${after}`, () => {
            latencies[number] = performance.now() - sent
            if (this.#target.connection !== 'kept') connection.close()
            if (++answered === requests) resolve()
            else if (asked < requests) ask(at)
          })
        const kept = this.#connections[at]
        if (kept !== undefined) send(kept)
        else this.#doorway.open(() => this.#connect(at)).then(send, reject)
      }
      for (let at = 0; at < consumers; at++) ask(at)
    })
    const seconds = (performance.now() - from) / 1000
    latencies.sort()
    return { seconds, p50: latencies[requests >> 1] ?? 0, p99: latencies[Math.floor(requests * 0.99)] ?? 0 }
  }

  /** Ends the kept connections. */
  close(): void {
    for (const connection of this.#connections.splice(0)) connection.close()
  }

  /** Opens what is missing, and asks once over each: whoever connects and is silent is taken for an attacker before a thousand others have connected. */
  async #openAll(consumers: number): Promise<void> {
    const { promise: broken, reject } = Promise.withResolvers<never>()
    this.#fault = reject
    const [before, after] = this.#target.request
    const open = async (at: number): Promise<void> => {
      const made = await this.#doorway.open(() => this.#connect(at))
      await new Promise<void>((resolve) => made.send(`${before}${randomUUID()}${after}`, () => resolve()))
      this.#connections[at] = made
    }
    const missing = Array.from({ length: consumers }, (_, at) => at).filter((at) => this.#connections[at] === undefined)
    await Promise.race([broken, Promise.all(missing.map(open))])
  }

  #connect(at: number): LoadConnection {
    return new LoadConnection(
      this.#target,
      this.#secureContext,
      (reason) => this.#fault?.(new Error(reason)),
      this.#target.connection === 'resumed' ? this.#resumption(at) : undefined,
    )
  }

  #resumption(at: number): Resumption {
    return {
      given: this.#sessions[at],
      keep: (session) => {
        this.#sessions[at] = session
      },
    }
  }
}
