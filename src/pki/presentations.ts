import type { TLSSocket } from 'node:tls'
import { LRUCache } from 'lru-cache'
import { sha256Of, subjectOf } from './certificate.ts'
import { leafOf, opensslErrorOf, type PresentedCertificate, presentedWith } from './presented.ts'

/** What a peer presented, and how it is named in records. */
export interface Presentation {
  readonly presented: PresentedCertificate
  /** SHA-256 of the certificate, in 64 lower-case hex digits. */
  readonly sha256: string
  /** The certificate's subject, on one line. */
  readonly subject: string
}

/** Tells what the peer of a connection presented, or undefined where it presented nothing. To be asked once a connection, after the handshake. */
export type Presentations = (socket: TLSSocket, isGood: (presented: PresentedCertificate) => boolean) => Presentation | undefined

/** Certificates that are known again. */
const mostKnown = 2_000

/**
 * Connections of one certificate share what was read of it: so a handshake costs less, and an idle connection holds no certificate of its own.
 * Known again is only what is good now, and what OpenSSL has just verified with the issuers that came along: whoever shows worse company is looked
 * at anew.
 */
export function createPresentations(max = mostKnown): Presentations {
  const known = new LRUCache<string, Presentation>({ max })
  return (socket, isGood) => {
    const leaf = leafOf(socket)
    if (leaf === undefined) return undefined
    const { fingerprint256 } = leaf
    const verified = opensslErrorOf(socket) === undefined
    const before = verified ? known.get(fingerprint256) : undefined
    if (before !== undefined && isGood(before.presented)) return before
    const presented = presentedWith(socket, leaf)
    const presentation = {
      presented,
      sha256: sha256Of(leaf),
      subject: subjectOf(leaf),
    }
    // A resumed session shows no issuers: with those of a full handshake it is known for longer.
    if (verified && !socket.isSessionReused() && isGood(presented)) known.set(fingerprint256, presentation)
    return presentation
  }
}
