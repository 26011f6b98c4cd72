import type { Dispatcher } from 'undici'
import type { Kept } from './active-list.ts'
import { answerFramingFault, isBodiless } from './answer-framing.ts'
import { answerHeaders } from './answer-headers.ts'
import { AnswerPace } from './answer-pace.ts'
import type { AnswerSink } from './answer-sink.ts'
import { BodyDigest } from './body-digest.ts'
import type { ConnectionUse, OnConnection } from './connection-use.ts'
import { failureOf, ProviderConnectError, type ProviderFailure } from './provider-failure.ts'

/** How the provider's leg ended. */
export interface ProviderOutcome {
  /** The provider's status, where an answer began. */
  readonly status?: number
  /** Absent where the answer came through whole. */
  readonly failure?: ProviderFailure
  /** The consumer had gone before the end. */
  readonly consumerGone: boolean
  /** Nothing of an answer had come, on a connection that had carried one before: a GET may be tried once more. */
  readonly retriable: boolean
  readonly digest: BodyDigest
  readonly droppedHeaders: readonly string[]
  /** What the provider said of when to come again, with a 429 or 503. */
  readonly retryAfter?: string
  /** Monotonic ms at which the answer's head came. */
  readonly headAt?: number
  /** Monotonic ms at which the request was put on a connection. */
  readonly sentAt?: number
}

/** What is added to the answer's headers once its head is there. */
export type HeadHeaders = (status: number, sentAt: number, headAt: number, providerTiming: string | undefined) => readonly string[]

type Controller = Dispatcher.DispatchController & { rawHeaders?: readonly Buffer[] }

/** What a reason phrase may hold on its way through Node; anything else is replaced by the status's own. */
const plainReason = /^[\t\x20-\x7e]*$/

/** Takes one answer from the client library and passes it on: bytes, backpressure, and the end, whichever it is. `done` is called exactly once. */
export class ProviderAnswer implements Dispatcher.DispatchHandler, OnConnection, Kept {
  place = -1
  /** Set by the pool when it picks the connection. */
  connection: ConnectionUse | undefined
  readonly pace = new AnswerPace()
  readonly #sink: AnswerSink
  readonly #head: HeadHeaders
  readonly #done: (outcome: ProviderOutcome) => void
  readonly #now: () => number
  readonly #digest = new BodyDigest()
  #controller: Controller | undefined
  #status: number | undefined
  #dropped: readonly string[] = []
  #retryAfter: string | undefined
  #sentAt: number | undefined
  #headAt: number | undefined
  #touched = false
  #gone = false
  #ended = false

  readonly #method: string

  constructor(method: string, sink: AnswerSink, head: HeadHeaders, now: () => number, done: (outcome: ProviderOutcome) => void) {
    this.#method = method
    this.#sink = sink
    this.#head = head
    this.#now = now
    this.#done = done
    sink.gone = () => {
      this.#gone = true
      this.#controller?.abort(new Error('the consumer has gone'))
    }
    sink.drained = () => this.#controller?.resume()
  }

  /** Bytes of the answer's body so far. */
  get bytes(): number {
    return this.#digest.bytes
  }

  /** Whether it is the consumer who does not keep up. */
  get paused(): boolean {
    return this.#controller?.paused === true
  }

  /** Monotonic ms at which the body began. */
  get headAt(): number | undefined {
    return this.#headAt
  }

  /** Ends the exchange for a reason of ours. */
  abort(failure: ProviderFailure): void {
    this.#controller?.abort(new ProviderConnectError(failure))
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    this.connection?.interim.expectHead()
    this.#sentAt = this.#now()
    if (this.#gone) controller.abort(new Error('the consumer has gone'))
  }

  onResponseStarted(): void {
    this.#touched = true
  }

  onResponseStart(controller: Controller, status: number, _headers: unknown, reason = ''): void {
    if (status < 200) {
      controller.abort(invalid(status === 101 ? 'it switches protocols' : 'too many interim answers'))
      return
    }
    if (status > 599) {
      controller.abort(invalid(`its status is ${status}`))
      return
    }
    const raw = controller.rawHeaders ?? []
    const fault = this.connection?.interim.isForeign === true ? 'it is not HTTP/1.1' : answerFramingFault(raw)
    if (fault !== undefined) {
      controller.abort(invalid(fault))
      return
    }
    this.#headAt = this.#now()
    const { list, dropped, serverTiming } = answerHeaders(raw)
    this.#dropped = dropped
    if (status === 503 || status === 429) this.#retryAfter = headerOf(list, 'retry-after')
    list.push(...this.#head(status, this.#sentAt ?? this.#headAt, this.#headAt, serverTiming))
    this.#sink.begin(status, plainReason.test(reason) ? reason : '', list)
    this.#status = status
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    this.#digest.update(chunk)
    if (!this.#sink.write(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    if (this.connection !== undefined) this.connection.answers++
    if (isBodiless(this.#method, this.#status ?? 0)) this.connection?.retire()
    this.#sink.end()
    this.#finish(undefined)
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#status !== undefined) this.#sink.cut()
    this.#finish(failureOf((error as NodeJS.ErrnoException).code === 'UND_ERR_SOCKET' ? (this.connection?.broken ?? error) : error))
  }

  #finish(failure: ProviderFailure | undefined): void {
    if (this.#ended) return
    this.#ended = true
    this.#sink.gone = undefined
    this.#sink.drained = undefined
    this.#done({
      ...(this.#status !== undefined && { status: this.#status }),
      ...(failure !== undefined && { failure }),
      consumerGone: this.#gone,
      retriable: !this.#touched && this.connection !== undefined && this.connection.answers > 0 && this.connection.interim.dropped === 0,
      digest: this.#digest,
      droppedHeaders: this.#dropped,
      ...(this.#retryAfter !== undefined && { retryAfter: this.#retryAfter }),
      ...(this.#headAt !== undefined && { headAt: this.#headAt }),
      ...(this.#sentAt !== undefined && { sentAt: this.#sentAt }),
    })
  }
}

function headerOf(list: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < list.length; i += 2) if (list[i]?.toLowerCase() === name) return list[i + 1]
  return undefined
}

function invalid(why: string): ProviderConnectError {
  return new ProviderConnectError({ kind: 'unreachable', origin: 'provider', reason: `the provider's answer is not valid: ${why}` })
}
