import type { X509Certificate } from 'node:crypto'
import type { TLSSocket } from 'node:tls'

/** Whether the caller is who may call, or the HTTP status and reason for which it is not. */
export type PeerVerdict = { readonly kind: 'accepted' } | { readonly kind: 'refused'; readonly status: 495 | 496; readonly reason: string }

/**
 * A provider answers the proxy alone: the certificate must chain to the anchors (the TLS layer has judged that), be for client
 * authentication, in date, and bear the proxy's name: a dNSName, or the CN where there is none. Wildcards are names like any other and match nothing.
 */
export function judgePeer(socket: TLSSocket, acceptFqdn: string): PeerVerdict {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return { kind: 'refused', status: 496, reason: 'No client certificate was presented.' }
  if (!socket.authorized) return { kind: 'refused', status: 495, reason: 'The client certificate is not trusted here.' }
  const now = Date.now()
  if (Date.parse(certificate.validTo) < now || Date.parse(certificate.validFrom) > now)
    return { kind: 'refused', status: 495, reason: 'The client certificate is out of date.' }
  if (!namesOf(certificate).includes(acceptFqdn.toLowerCase()))
    return { kind: 'refused', status: 495, reason: 'The client certificate is not the proxy’s: this provider answers nobody else.' }
  return { kind: 'accepted' }
}

function namesOf(certificate: X509Certificate): readonly string[] {
  // Entries that need quoting (a comma inside a name, say) are no DNS names and match none.
  const names = (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => entry.slice('DNS:'.length).toLowerCase())
  if (names.length > 0) return names
  const commonNames = certificate.subject.split('\n').filter((line) => line.startsWith('CN='))
  return commonNames.length === 1 ? [commonNames[0]!.slice('CN='.length).toLowerCase()] : []
}
