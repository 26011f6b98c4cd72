import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

/** What a peer has shown of itself: its certificate, and the others that it sent along, in its order, believed by nobody yet. */
export interface PresentedCertificate {
  readonly leaf: X509Certificate
  readonly presentedIssuers: readonly X509Certificate[]
  /** What OpenSSL had against it (`authorizationError`), where it had. */
  readonly opensslError?: string
}

/** A peer may send more certificates than this; the rest are not looked at. */
const mostIssuers = 8

/** The peer's certificate, or undefined where it has presented none. */
export function leafOf(socket: TLSSocket): X509Certificate | undefined {
  return socket.getPeerX509Certificate()
}

/**
 * What the peer of a connection has presented, or nothing where it has presented none. To be called once a connection, after the
 * handshake; `judge` recognises the object again. A resumed session shows the certificate alone.
 */
export function presentedFrom(socket: TLSSocket): PresentedCertificate | undefined {
  const leaf = leafOf(socket)
  return leaf === undefined ? undefined : presentedWith(socket, leaf)
}

/** What the peer has presented along with this certificate of its. */
export function presentedWith(socket: TLSSocket, leaf: X509Certificate): PresentedCertificate {
  const presentedIssuers: X509Certificate[] = []
  let last: X509Certificate | undefined = leaf
  while (presentedIssuers.length < mostIssuers) {
    const issuer: X509Certificate | undefined = last.issuerCertificate
    if (issuer === undefined || issuer.fingerprint256 === last.fingerprint256) break
    presentedIssuers.push(issuer)
    last = issuer
  }
  const opensslError = opensslErrorOf(socket)
  return { leaf, presentedIssuers, ...(opensslError !== undefined && { opensslError }) }
}

/** What OpenSSL had against the peer's certificate. The types say Error; what Node sets is the error's code, and null where there is none. */
export function opensslErrorOf({ authorizationError: error }: Pick<TLSSocket, 'authorizationError'>): string | undefined {
  if (error === null || error === undefined) return undefined
  return (error as unknown) instanceof Error ? error.message : String(error)
}
