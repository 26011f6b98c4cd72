import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { AnswerSink } from '../forwarding/answer-sink.ts'
import { renderOutcome } from '../spine/operation-outcome.ts'
import { type Refusal, refusals } from '../spine/refusal.ts'
import { negotiateRepresentation } from '../spine/representation.ts'

/** What decides how a refusal is written. */
export interface Asked {
  readonly method: string
  readonly target: string
  readonly accept: string | undefined
  readonly contentType: string | undefined
  /** The exchange id in UUID form is the OperationOutcome's id. */
  readonly exchange: string
}

/** RFC 6797, a year: the provider's own value would act on this origin, so ours is the only one. */
const strictTransportSecurity = ['Strict-Transport-Security', 'max-age=31536000'] as const

/** Statuses of the national service that Node has no phrase for. */
const ownPhrases: Readonly<Record<number, string>> = {
  495: 'SSL Certificate Error',
  496: 'SSL Certificate Required',
  599: 'Network Connect Timeout Error',
}

/** The reason phrase of a status. */
export function phraseOf(status: number): string {
  return ownPhrases[status] ?? STATUS_CODES[status] ?? 'Unknown'
}

/** A refusal as it goes on the wire. */
export interface WrittenRefusal {
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

/** Writes a refusal: a FHIR body by negotiation, never cached. */
export function writeRefusal(refusal: Refusal, ours: readonly string[], asked: Asked): WrittenRefusal {
  const common = [...strictTransportSecurity, ...refusal.headers, ...ours]
  if (refusal.status === 200) return { status: 200, headers: [...common, 'Content-Length', '0'], body: '' }
  const representation = negotiateRepresentation(asked.target, asked.accept, asked.contentType)
  const { contentType, body } = renderOutcome(refusal, refusals[refusal.code].issue, uuidOf(asked.exchange), representation)
  const headers = ['Content-Type', contentType, 'Content-Length', String(Buffer.byteLength(body)), 'Cache-Control', 'no-store', ...common]
  return { status: refusal.status, headers, body: asked.method === 'HEAD' ? '' : body }
}

function uuidOf(exchange: string): string {
  return `${exchange.slice(0, 8)}-${exchange.slice(8, 12)}-${exchange.slice(12, 16)}-${exchange.slice(16, 20)}-${exchange.slice(20)}`
}

/** The consumer's side of an answer. Node puts head and first chunk of a tick into one TLS write. */
export class ReplySink implements AnswerSink {
  drained: (() => void) | undefined
  #gone: (() => void) | undefined
  #isGone = false
  readonly #request: IncomingMessage
  readonly #response: ServerResponse

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
    response.on('drain', () => this.drained?.())
  }

  /** Who is told that the consumer has gone; at once, where it has already. */
  set gone(listener: (() => void) | undefined) {
    this.#gone = listener
    if (this.#isGone) listener?.()
  }

  get gone(): (() => void) | undefined {
    return this.#gone
  }

  /** The consumer's connection closed, or what came on it can no longer be understood. */
  lost(): void {
    if (this.#isGone) return
    this.#isGone = true
    this.#gone?.()
  }

  begin(status: number, reason: string, headers: readonly string[]): void {
    // An answer that does not wait for the whole request: what is left of the body may not be taken for the next one.
    if (!this.#request.complete) this.#response.shouldKeepAlive = false
    this.#response.writeHead(status, reason === '' ? phraseOf(status) : reason, [...headers, ...strictTransportSecurity])
  }

  write(chunk: Buffer): boolean {
    return this.#response.write(chunk)
  }

  end(): void {
    this.#response.end()
  }

  cut(): void {
    this.#response.destroy()
  }
}
