import { createHash } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { DialIdentity } from '../forwarding/provider-connector.ts'
import type { TrustStore } from '../pki/trust-store.ts'
import type { OwnIdentity } from './materials.ts'

/** What providers are dialled with, made anew only when certificate or trust have changed: reading them for each connection takes longer than much of its handshake. */
export function createDialIdentity(client: () => OwnIdentity, trust: () => TrustStore): () => DialIdentity {
  let of: { readonly client: OwnIdentity; readonly trust: TrustStore } | undefined
  let made: DialIdentity | undefined
  return () => {
    const now = { client: client(), trust: trust() }
    if (made === undefined || of?.client !== now.client || of.trust !== now.trust) {
      const { cert, key } = now.client
      const { anchorsPem, intermediatesPem, version } = now.trust
      const context = createSecureContext({ cert, key, ca: [...anchorsPem, ...intermediatesPem], minVersion: 'TLSv1.2' })
      made = { context, version: createHash('sha256').update(version).update(cert).digest('hex') }
      of = now
    }
    return made
  }
}
