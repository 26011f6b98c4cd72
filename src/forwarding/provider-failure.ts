import type { Origin } from '../spine/origin.ts'

/** What went wrong on the provider's leg, in the terms of a verdict. */
export interface ProviderFailure {
  readonly kind: 'unreachable' | 'timeout' | 'loop'
  readonly origin: Origin
  /** For the audit and the help desk; no value of the request. */
  readonly reason: string
}

/** A failure that our own connector already knows the meaning of. */
export class ProviderConnectError extends Error {
  override readonly name = 'ProviderConnectError'
  readonly failure: ProviderFailure
  constructor(failure: ProviderFailure, options?: ErrorOptions) {
    super(failure.reason, options)
    this.failure = failure
  }
}

/** Turns whatever the client library or the operating system reports into a failure. */
export function failureOf(error: unknown): ProviderFailure {
  if (error instanceof ProviderConnectError) return error.failure
  const { code, message, name } = error as { code?: string; message?: string; name?: string }
  switch (code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
      return { kind: 'timeout', origin: 'provider', reason: 'the provider did not begin its answer in time' }
    case 'UND_ERR_BODY_TIMEOUT':
      return { kind: 'timeout', origin: 'provider', reason: 'the provider fell silent within its answer' }
    case 'UND_ERR_SOCKET':
      // So the client library calls an interim answer that it cannot take: 101, or 100 beyond the ones that were dropped.
      if (message === 'bad upgrade' || message === 'bad response')
        return {
          kind: 'unreachable',
          origin: 'provider',
          reason: "the provider's answer is not valid: it switches protocols or never comes to an end",
        }
      return brokenConnection(message ?? code)
    case 'ECONNRESET':
    case 'EPIPE':
      return brokenConnection(message ?? code)
    case 'UND_ERR_HEADERS_OVERFLOW':
      return { kind: 'unreachable', origin: 'provider', reason: "the provider's headers are too large" }
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return { kind: 'unreachable', origin: 'provider', reason: "the provider's body is not as long as its Content-Length says" }
    default:
      // With TLS 1.3 a provider refuses our certificate only after our side of the handshake is done.
      if (code?.startsWith('ERR_SSL_'))
        return { kind: 'unreachable', origin: 'provider-tls', reason: tlsEnd(code, 'the provider ended TLS') }
      if (name === 'HTTPParserError')
        return { kind: 'unreachable', origin: 'provider', reason: `the provider's answer is not HTTP (${code ?? message})` }
      return { kind: 'unreachable', origin: 'provider', reason: `the provider's answer is not valid (${code ?? message ?? 'unknown'})` }
  }
}

/** Alerts by which a peer says that it does not take our certificate (RFC 8446, 6.2), in OpenSSL's words. */
const certificateAlert = /_ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_[A-Z]+|UNKNOWN_CA|ACCESS_DENIED)$/

/** Why TLS ended, by OpenSSL's code: a refusal of our own certificate is named as such, anything else as `otherwise`. */
export function tlsEnd(code: string, otherwise: string): string {
  return `${certificateAlert.test(code) ? "the provider refused the proxy's own certificate" : otherwise} (${code})`
}

function brokenConnection(how: string): ProviderFailure {
  return { kind: 'unreachable', origin: 'provider-network', reason: `the provider's connection broke (${how})` }
}
