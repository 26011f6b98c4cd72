import type { X509Certificate } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/**
 * Which issuers a party sent with its certificate when it last shook hands in full. A resumed TLS session shows the certificate
 * alone, so without this a party whose intermediate is not configured would be cut off by its own ticket. It holds nothing but
 * hints: whoever uses them verifies the chain anew.
 */
export interface IssuerMemory {
  /** Keeps what was sent with the certificate of this SHA-256, once a chain through it has been verified. */
  remember(sha256: string, issuers: readonly X509Certificate[]): void
  recall(sha256: string): readonly X509Certificate[] | undefined
}

/** What the memory may hold, and who is told. */
export interface IssuerMemoryOptions {
  /** Certificates whose issuers are kept; 10,000 by default. */
  readonly max?: number
  /** Called when one was forgotten for lack of room: its tickets must be made worthless, else it would retry a refused one for ever. */
  readonly onForgotten?: () => void
}

/** Makes a bounded memory. Issuers that many parties share are kept once. */
export function createIssuerMemory({ max = 10_000, onForgotten }: IssuerMemoryOptions = {}): IssuerMemory {
  const shared = new LRUCache<string, X509Certificate>({ max: 1_000 })
  const kept = new LRUCache<string, readonly X509Certificate[]>({
    max,
    ...(onForgotten && { dispose: (_value, _key, reason) => reason === 'evict' && onForgotten() }),
  })
  const share = (issuer: X509Certificate): X509Certificate => {
    const known = shared.get(issuer.fingerprint256)
    if (known === undefined) shared.set(issuer.fingerprint256, issuer)
    return known ?? issuer
  }
  return {
    remember: (sha256, issuers) => void kept.set(sha256, issuers.map(share)),
    recall: (sha256) => kept.get(sha256),
  }
}
