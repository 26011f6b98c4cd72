import { headerText } from '../http/header-text.ts'
import type { BodyFraming } from '../spine/arrival.ts'
import { endsItsConnection } from './answer-persistence.ts'
import type { BodySource } from './body-source.ts'

/** A request as it goes to a provider. */
export interface OutboundRequest {
  readonly method: string
  /** Path and query, byte for byte. */
  readonly path: string
  /** Name, value, name, value …. */
  readonly headers: readonly string[]
  readonly framing: BodyFraming
  readonly body: BodySource | undefined
  readonly firstByteTimeoutMs: number
  /** How long its answer may pause once it has begun. */
  readonly silenceMs: number
}

/** Its request line and headers, with those that are of the connection. */
export function headText({ method, path, headers, framing }: OutboundRequest): string {
  const coding = framing.kind === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : ''
  const connection = endsItsConnection(method, framing) ? 'close' : 'keep-alive'
  return `${method} ${path} HTTP/1.1\r\n${headerText(headers)}${coding}Connection: ${connection}\r\n\r\n`
}
