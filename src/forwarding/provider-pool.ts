import type { ForwardingSettings } from './forwarding-settings.ts'
import type { OutboundRequest } from './outbound-request.ts'
import { type AnswerTaker, type ConnectionOwner, ProviderConnection } from './provider-connection.ts'
import type { DialHost } from './provider-connector.ts'
import { brokenConnection, failureOf, type ProviderFailure } from './provider-failure.ts'

/** Asked anew each time, so that a reload takes effect. */
export type PoolSettings = Pick<ForwardingSettings, 'connectionsPerProvider' | 'idleConnectionSeconds'>

interface WaitingCall {
  readonly request: OutboundRequest
  readonly taker: AnswerTaker
}

/**
 * The connections to one provider: as many as there are calls at a time, and no more than the settings allow. The one that was used last is used next, so
 * that those that are not needed fall idle. A call that finds none goes to whichever is free first, a new one or one that another call leaves.
 */
export class ProviderPool implements ConnectionOwner {
  /** Calls in flight. */
  inFlight = 0
  /** No further calls come: its connections are of an address that may not be right any more. */
  retired = false
  /** Monotonic ms. */
  lastUsed = 0
  /** Connections that are kept where no call is on them. */
  #kept = Number.POSITIVE_INFINITY
  readonly #settings: () => PoolSettings
  readonly #dialHost: DialHost
  readonly #now: () => number
  /** With each, whether its provider's certificate is still good. */
  readonly #all = new Map<ProviderConnection, () => boolean>()
  readonly #idle: ProviderConnection[] = []
  readonly #waiting: WaitingCall[] = []
  #dialling = 0
  #closed = false

  constructor(settings: () => PoolSettings, dialHost: DialHost, now: () => number) {
    this.#settings = settings
    this.#dialHost = dialHost
    this.#now = now
  }

  get idleMs(): number {
    return this.#settings().idleConnectionSeconds * 1000
  }

  /** Sends a request on the next free connection; the taker is told of the end, whichever. */
  dispatch(request: OutboundRequest, taker: AnswerTaker): void {
    const free = this.#takeIdle()
    if (free !== undefined) {
      free.send(request, taker)
      return
    }
    const call: WaitingCall = { request, taker }
    taker.carrier = {
      abort: (failure) => {
        this.#waiting.splice(this.#waiting.indexOf(call), 1)
        fail(taker, failure)
      },
    }
    this.#waiting.push(call)
    this.#dialWhereNeeded()
  }

  /** The connection may carry another call. */
  idle(connection: ProviderConnection): void {
    if (this.#waiting.length > 0 && !this.#isGood(connection)) {
      this.#end(connection)
      this.#dialWhereNeeded()
      return
    }
    const next = this.#waiting.shift()
    if (next !== undefined) connection.send(next.request, next.taker)
    else if (this.#all.size > this.#kept) this.#end(connection)
    else this.#idle.push(connection)
  }

  /** No more connections than this are kept from now on; those that carry calls end with them. */
  keep(most: number): void {
    this.#kept = most
    while (this.#all.size > most) {
      const oldest = this.#idle.shift()
      if (oldest === undefined) return
      this.#end(oldest)
    }
  }

  /** The connection has ended. */
  closed(connection: ProviderConnection): void {
    this.#all.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    this.#dialWhereNeeded()
  }

  /** Closes every connection; calls on them, and those that wait, fail. */
  close(): void {
    this.#closed = true
    for (const { taker } of this.#waiting.splice(0)) fail(taker, stopping)
    for (const connection of this.#all.keys()) connection.destroy()
  }

  /** Each call is decided by what is true now: a connection may have been kept for days. */
  #takeIdle(): ProviderConnection | undefined {
    for (;;) {
      const last = this.#idle.pop()
      if (last === undefined || this.#isGood(last)) return last
      this.#end(last)
    }
  }

  #isGood(connection: ProviderConnection): boolean {
    return this.#all.get(connection)?.() === true
  }

  /** Counts no more, though it is heard of its end only later. */
  #end(connection: ProviderConnection): void {
    this.#all.delete(connection)
    connection.destroy()
  }

  #dialWhereNeeded(): void {
    while (
      !this.#closed &&
      this.#dialling < this.#waiting.length &&
      this.#all.size + this.#dialling < this.#settings().connectionsPerProvider
    )
      this.#dial()
  }

  #dial(): void {
    this.#dialling++
    this.#dialHost().then(
      ({ socket, isGood }) => {
        this.#dialling--
        const connection = new ProviderConnection(socket, this, this.#now)
        this.#all.set(connection, isGood)
        if (this.#closed) connection.destroy()
        else this.idle(connection)
      },
      (error: unknown) => {
        this.#dialling--
        const oldest = this.#waiting.shift()
        if (oldest !== undefined) fail(oldest.taker, failureOf(error))
        this.#dialWhereNeeded()
      },
    )
  }
}

const stopping = brokenConnection('the proxy is stopping')

function fail(taker: AnswerTaker, failure: ProviderFailure): void {
  taker.carrier = undefined
  taker.failed(failure)
}
