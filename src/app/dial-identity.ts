import { createHash } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import type { DialIdentity } from '../forwarding/provider-connector.ts'
import type { Clock } from '../lib/clock.ts'
import type { ConfiguredAuthority, TrustStore } from '../pki/trust-store.ts'
import type { OwnIdentity } from './materials.ts'

/** Intermediates that are in date, and from when until when (ms since 1970, the end excluded) it is these. */
interface InDate {
  readonly pem: readonly string[]
  readonly from: number
  readonly until: number
}

/**
 * What providers are dialled with, made anew only when certificate or trust have changed, or an intermediate begins or ends: reading them for each connection
 * takes longer than much of its handshake.
 */
export function createDialIdentity(client: () => OwnIdentity, trust: () => TrustStore, clock: Clock): () => DialIdentity {
  let of: { readonly client: OwnIdentity; readonly trust: TrustStore; readonly inDate: InDate } | undefined
  let made: DialIdentity | undefined
  return () => {
    const now = { client: client(), trust: trust() }
    const at = clock.now()
    const isSame = of?.client === now.client && of.trust === now.trust && of.inDate.from <= at && at < of.inDate.until
    if (made === undefined || !isSame) {
      const { cert, key } = now.client
      const { anchorsPem, material, version } = now.trust
      const inDate = inDateAt(material.intermediates, at)
      const context = createSecureContext({ cert, key, ca: [...anchorsPem, ...inDate.pem], minVersion: 'TLSv1.2' })
      made = { context, version: createHash('sha256').update(version).update(cert).update(inDate.pem.join()).digest('hex') }
      of = { ...now, inDate }
    }
    return made
  }
}

/** OpenSSL takes a configured intermediate that has expired before the renewed one that a provider sends, and goes no further. */
function inDateAt(intermediates: readonly ConfiguredAuthority[], at: number): InDate {
  let [from, until] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  const pem: string[] = []
  for (const { x509 } of intermediates.map(({ certificate }) => certificate)) {
    const [begins, ends] = [x509.validFromDate.getTime(), x509.validToDate.getTime() + 1]
    for (const edge of [begins, ends]) {
      if (edge <= at) from = Math.max(from, edge)
      else until = Math.min(until, edge)
    }
    if (begins <= at && at < ends) pem.push(x509.toString())
  }
  return { pem, from, until }
}
