import type { TLSSocket } from 'node:tls'
import type { PresentedCertificate } from '../pki/presented.ts'
import type { CertificateVerdict } from '../spine/arrival.ts'
import { ProviderConnectError } from './provider-failure.ts'

/** The open connections to providers, with what each provider presented. */
export interface ProvenConnections {
  add(socket: TLSSocket, presented: PresentedCertificate): void
  /** Destroys those whose certificate is no longer good, with the calls on them. Returns how many. */
  cut(judge: (presented: PresentedCertificate) => CertificateVerdict): number
}

/** Makes an empty list; a connection that closes leaves it. */
export function createProvenConnections(): ProvenConnections {
  const open = new Map<TLSSocket, PresentedCertificate>()
  return {
    add(socket, presented) {
      open.set(socket, presented)
      socket.once('close', () => open.delete(socket))
    },
    cut(judge) {
      let cut = 0
      for (const [socket, presented] of [...open]) {
        const verdict = judge(presented)
        if (verdict.kind !== 'bad') continue
        const reason = `the provider's certificate: ${verdict.reason}`
        socket.destroy(new ProviderConnectError({ kind: 'unreachable', origin: 'provider-tls', reason }))
        cut++
      }
      return cut
    },
  }
}
