import type { Kept } from './active-list.ts'
import type { AnswerHead } from './answer-head.ts'
import { answerHeaders } from './answer-headers.ts'
import { AnswerPace, type PaceLimits } from './answer-pace.ts'
import type { AnswerSink, SinkListener } from './answer-sink.ts'
import { BodyDigest } from './body-digest.ts'
import type { AnswerTaker, CallCarrier, ProviderConnection } from './provider-connection.ts'
import { brokenConnection, type ProviderFailure } from './provider-failure.ts'

/** How the provider's leg ended. */
export interface ProviderOutcome {
  /** The provider's status, where an answer began. */
  readonly status?: number | undefined
  /** Absent where the answer came through whole. */
  readonly failure?: ProviderFailure | undefined
  /** The consumer had gone before the end. */
  readonly consumerGone: boolean
  /** Nothing of an answer had come, on a connection that had carried one before: a GET may be tried once more. */
  readonly retriable: boolean
  readonly digest: BodyDigest
  readonly droppedHeaders: readonly string[]
  /** What the provider said of when to come again, with a 429 or 503. */
  readonly retryAfter?: string | undefined
  /** Monotonic ms at which the answer's head came. */
  readonly headAt?: number | undefined
  /** Monotonic ms at which the request was put on a connection. */
  readonly sentAt?: number | undefined
}

/** What is added to the answer's headers once its head is there. */
export type HeadHeaders = (status: number, sentAt: number, headAt: number, providerTiming: string | undefined) => readonly string[]

const none: readonly string[] = []
/** Bytes outside ASCII in a reason phrase mean nothing that is agreed on: the status's own is sent in its place. */
const plainReason = /^[\t\x20-\x7e]*$/

/** Takes one answer from a provider's connection and passes it on: bytes, backpressure, and the end, whichever it is. `done` is called exactly once. */
export class ProviderAnswer implements AnswerTaker, SinkListener, Kept {
  place = -1
  carrier: CallCarrier | undefined
  readonly pace = new AnswerPace()
  /** What its call was begun under. */
  readonly minimumRate: PaceLimits
  readonly #sink: AnswerSink
  readonly #head: HeadHeaders
  readonly #done: (outcome: ProviderOutcome) => void
  readonly #now: () => number
  readonly #digest = new BodyDigest()
  #connection: ProviderConnection | undefined
  #status: number | undefined
  #dropped: readonly string[] = none
  #retryAfter: string | undefined
  #sentAt: number | undefined
  #headAt: number | undefined
  #gone = false
  #ended = false

  constructor(minimumRate: PaceLimits, sink: AnswerSink, head: HeadHeaders, now: () => number, done: (outcome: ProviderOutcome) => void) {
    this.minimumRate = minimumRate
    this.#sink = sink
    this.#head = head
    this.#now = now
    this.#done = done
  }

  /** Listens to the consumer; one that has gone already ends the call. To be called once somebody has the call. */
  listen(): void {
    if (!this.#ended) this.#sink.listener = this
  }

  /** The consumer keeps up again. */
  drained(): void {
    this.#connection?.resume()
  }

  /** The consumer has gone: the call ends. */
  gone(): void {
    this.#gone = true
    this.carrier?.abort(consumerGone)
  }

  /** Bytes of the answer's body so far. */
  get bytes(): number {
    return this.#digest.bytes
  }

  /** Whether it is the consumer who does not keep up. */
  get paused(): boolean {
    return this.#connection?.paused === true
  }

  /** Monotonic ms at which the body began. */
  get headAt(): number | undefined {
    return this.#headAt
  }

  sent(connection: ProviderConnection): void {
    this.#connection = connection
    this.#sentAt = this.#now()
  }

  head({ status, reason, lines }: AnswerHead): void {
    this.#headAt = this.#now()
    const { list, dropped, serverTiming } = answerHeaders(lines, status)
    this.#dropped = dropped
    if (status === 503 || status === 429) this.#retryAfter = headerOf(list, 'retry-after')
    list.push(...this.#head(status, this.#sentAt ?? this.#headAt, this.#headAt, serverTiming))
    this.#status = status
    this.#sink.begin(status, plainReason.test(reason) ? reason : '', list)
  }

  bodyAwaited(): void {
    // Most providers send the body at once, though in a record of its own: it may still share the head's.
    setImmediate(() => {
      if (!this.#ended) this.#sink.flush()
    })
  }

  data(piece: Buffer): boolean {
    this.#digest.update(piece)
    return this.#sink.write(piece)
  }

  end(): void {
    this.#sink.end()
    this.#finish(undefined, false)
  }

  failed(failure: ProviderFailure): void {
    if (this.#status !== undefined) this.#sink.cut()
    this.#finish(failure, this.#connection?.isStale === true)
  }

  #finish(failure: ProviderFailure | undefined, retriable: boolean): void {
    if (this.#ended) return
    this.#ended = true
    this.#sink.listener = undefined
    this.#done({
      status: this.#status,
      failure,
      consumerGone: this.#gone,
      retriable,
      digest: this.#digest,
      droppedHeaders: this.#dropped,
      retryAfter: this.#retryAfter,
      headAt: this.#headAt,
      sentAt: this.#sentAt,
    })
  }
}

const consumerGone = brokenConnection('the consumer has gone')

function headerOf(list: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < list.length; i += 2) if (list[i]?.toLowerCase() === name) return list[i + 1]
  return undefined
}
