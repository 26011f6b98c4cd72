import { ProviderConnectError, tlsEnd } from './provider-failure.ts'

/** Certificate faults have codes of OpenSSL's own; the rest is a handshake that the provider refused. */
export function tlsFailure(error: Error): ProviderConnectError {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return refusedCertificate("the provider's certificate has expired", error)
    case 'CERT_NOT_YET_VALID':
      return refusedCertificate("the provider's certificate is not valid yet", error)
    case 'INVALID_PURPOSE':
      return refusedCertificate("the provider's certificate is not for server authentication", error)
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return refusedCertificate("the provider's certificate does not chain to the anchors", error)
    default:
      return refusedCertificate(tlsEnd(code, 'the TLS handshake failed'), error)
  }
}

/** The provider's certificate, or its handshake, is at fault. */
export function refusedCertificate(reason: string, cause?: unknown): ProviderConnectError {
  return new ProviderConnectError({ kind: 'unreachable', origin: 'provider-tls', reason }, { cause })
}

/** No connection, or none that could be used. */
export function unreachable(reason: string, cause?: unknown): ProviderConnectError {
  return new ProviderConnectError({ kind: 'unreachable', origin: 'provider-network', reason }, { cause })
}

/** It took too long. */
export function timeout(origin: 'provider-network' | 'provider-tls', reason: string): ProviderConnectError {
  return new ProviderConnectError({ kind: 'timeout', origin, reason })
}
