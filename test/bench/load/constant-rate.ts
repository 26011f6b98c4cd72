import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { SecureContext } from 'node:tls'
import { Doorway } from './doorway.ts'
import { LoadConnection } from './load-connection.ts'
import type { LoadTarget, PaceResult } from './load-job.ts'

/**
 * Asks at a constant rate, whatever the answers take, over as many connections as the target has, which stand before the clock starts: what finds none
 * free waits, and its time runs.
 */
export class ConstantRate {
  readonly #target: LoadTarget
  readonly #secureContext: SecureContext
  readonly #free: LoadConnection[] = []
  readonly #all: LoadConnection[] = []
  readonly #doorway = new Doorway()
  #fault: ((reason: Error) => void) | undefined

  constructor(target: LoadTarget, secureContext: SecureContext) {
    this.#target = target
    this.#secureContext = secureContext
  }

  /** Asks that often for that long, and waits for the last answer. Rejects at a wrong answer, or where a connection breaks. */
  async run(perSecond: number, seconds: number): Promise<PaceResult> {
    const count = Math.round(perSecond * seconds)
    const latencies = new Float64Array(count)
    const statuses: Record<string, number> = {}
    await this.#open()
    const from = performance.now()
    const dueAt = (nth: number): number => from + (nth * 1000) / perSecond
    const waiting: number[] = []
    let answered = 0
    await new Promise<void>((resolve, reject) => {
      this.#fault = reject
      const ask = (connection: LoadConnection, nth: number): void => {
        const [before, after] = this.#target.request
        connection.send(`${before}${randomUUID()}${after}`, (status) => {
          latencies[nth] = performance.now() - dueAt(nth)
          statuses[status] = (statuses[status] ?? 0) + 1
          const next = waiting.shift()
          if (next === undefined) this.#free.push(connection)
          else ask(connection, next)
          if (++answered === count) resolve()
        })
      }
      const begin = async (): Promise<void> => {
        for (let nth = 0; nth < count; nth++) {
          const wait = dueAt(nth) - performance.now()
          if (wait > 0) await pause(wait)
          const connection = this.#free.pop()
          if (connection === undefined) waiting.push(nth)
          else ask(connection, nth)
        }
      }
      begin().catch(reject)
    })
    latencies.sort()
    const at = (share: number): number => latencies[Math.min(count - 1, Math.floor(count * share))] ?? 0
    return { statuses, p50: at(0.5), p95: at(0.95), p99: at(0.99), p999: at(0.999) }
  }

  /** Ends the connections. */
  close(): void {
    for (const connection of this.#all.splice(0)) connection.close()
    this.#free.length = 0
  }

  /** Opens what is missing, with one request over each: a handshake costs more than a call, and belongs to no call's time. */
  async #open(): Promise<void> {
    const [before, after] = this.#target.request
    const { promise: broken, reject } = Promise.withResolvers<never>()
    this.#fault = reject
    const open = async (): Promise<void> => {
      const made = await this.#doorway.open(
        () => new LoadConnection(this.#target, this.#secureContext, (reason) => this.#fault?.(new Error(reason))),
      )
      this.#all.push(made)
      await new Promise<void>((resolve) => made.send(`${before}${randomUUID()}${after}`, () => resolve()))
      this.#free.push(made)
    }
    const missing = Math.max(0, this.#target.connections - this.#all.length)
    await Promise.race([broken, Promise.all(Array.from({ length: missing }, open))])
  }
}
