import { randomUUID } from 'node:crypto'
import type { SecureContext } from 'node:tls'
import { LoadConnection, type Resumption } from './load-connection.ts'
import type { LoadResult, LoadTarget } from './load-job.ts'

/** As many consumers as the target has connections, each of which asks again as soon as it has its answer. */
export class ClosedLoop {
  readonly #target: LoadTarget
  readonly #secureContext: SecureContext
  readonly #connections: LoadConnection[] = []
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
    const { connections } = this.#target
    const from = performance.now()
    await new Promise<void>((resolve, reject) => {
      this.#fault = reject
      let asked = 0
      let answered = 0
      const ask = (at: number): void => {
        const number = asked++
        const sent = performance.now()
        const [before, after] = this.#target.request
        const connection = this.#connectionAt(at)
        connection.send(`${before}${randomUUID()}${after}`, () => {
          latencies[number] = performance.now() - sent
          if (this.#target.connection !== 'kept') connection.close()
          if (++answered === requests) resolve()
          else if (asked < requests) ask(at)
        })
      }
      for (let at = 0; at < Math.min(connections, requests); at++) ask(at)
    })
    const seconds = (performance.now() - from) / 1000
    latencies.sort()
    return { seconds, p50: latencies[requests >> 1] ?? 0, p99: latencies[Math.floor(requests * 0.99)] ?? 0 }
  }

  /** Ends the kept connections. */
  close(): void {
    for (const connection of this.#connections.splice(0)) connection.close()
  }

  #connectionAt(at: number): LoadConnection {
    const { connection } = this.#target
    const kept = connection === 'kept' ? this.#connections[at] : undefined
    if (kept !== undefined) return kept
    const made = new LoadConnection(
      this.#target,
      this.#secureContext,
      (reason) => this.#fault?.(new Error(reason)),
      connection === 'resumed' ? this.#resumption(at) : undefined,
    )
    if (connection === 'kept') this.#connections[at] = made
    return made
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
