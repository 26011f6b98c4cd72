import type { CipherNameAndProtocol, TLSSocket } from 'node:tls'
import type { Clock } from '../lib/clock.ts'
import type { Presentations } from '../pki/presentations.ts'
import type { TrustStore } from '../pki/trust-store.ts'
import type { CertificateVerdict, ConsumerConnection } from '../spine/arrival.ts'

/** Reads the facts of a consumer's connection once; what the certificate is worth is asked of the trust store in force at each request. */
export function consumerConnection(
  socket: TLSSocket,
  presentations: Presentations,
  trust: () => TrustStore,
  clock: Clock,
): ConsumerConnection {
  const shown = presentations(socket, (one) => trust().judge(one, clock.now()).kind === 'good')
  const presented = shown?.presented
  return {
    address: plainAddress(socket.remoteAddress ?? ''),
    tlsProtocol: socket.getProtocol() ?? '',
    // A connection that has been reset meanwhile has none.
    tlsCipher: (socket.getCipher() as CipherNameAndProtocol | null | undefined)?.standardName ?? '',
    tlsResumed: socket.isSessionReused(),
    certificateSha256: shown?.sha256,
    certificateSubject: shown?.subject,
    ready: () => (presented === undefined ? undefined : trust().ready?.(presented)),
    judge: (): CertificateVerdict => (presented === undefined ? { kind: 'none' } : trust().judge(presented, clock.now())),
  }
}

/** An IPv4 address that came through a dual-stack socket, without its IPv6 dress. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
