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

/** What an error of a connection, or of making one, means. */
export function failureOf(error: unknown): ProviderFailure {
  if (error instanceof ProviderConnectError) return error.failure
  const { code, message } = error as { code?: string; message?: string }
  // With TLS 1.3 a provider refuses our certificate only after our side of the handshake is done.
  if (code?.startsWith('ERR_SSL_')) return { kind: 'unreachable', origin: 'provider-tls', reason: tlsEnd(code, 'the provider ended TLS') }
  return brokenConnection(code ?? message ?? 'unknown')
}

/** Alerts by which a peer says that it does not take our certificate (RFC 8446, 6.2), in OpenSSL's words. */
const certificateAlert = /_ALERT_(?:BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_[A-Z]+|UNKNOWN_CA|ACCESS_DENIED)$/

/** Why TLS ended, by OpenSSL's code: a refusal of our own certificate is named as such, anything else as `otherwise`. */
export function tlsEnd(code: string, otherwise: string): string {
  return `${certificateAlert.test(code) ? "the provider refused the proxy's own certificate" : otherwise} (${code})`
}

/** The connection ended within a call; `how` is for the audit and the help desk. */
export function brokenConnection(how: string): ProviderFailure {
  return { kind: 'unreachable', origin: 'provider-network', reason: `the provider's connection broke (${how})` }
}

/** What came is no answer of HTTP/1.1, or may be read in more than one way. */
export function invalidAnswer(why: string): ProviderFailure {
  return { kind: 'unreachable', origin: 'provider', reason: `the provider's answer is not valid: ${why}` }
}
