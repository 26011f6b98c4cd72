import { X509Certificate } from 'node:crypto'
import { createIssuerMemory, type IssuerMemory } from '../pki/issuer-memory.ts'
import type { LearnedIssuers } from '../workers/messages.ts'

/** A worker's memory of issuers: what it learns the others learn, since a session may be resumed at any of them. */
export interface SharedIssuers {
  readonly memory: IssuerMemory
  /** Takes what another worker has learned. */
  learn(learned: LearnedIssuers): void
}

/** Makes one that tells `learned` of what is new. */
export function createSharedIssuers(learned: (issuers: LearnedIssuers) => void, onForgotten: () => void): SharedIssuers {
  const own = createIssuerMemory({ onForgotten })
  return {
    memory: {
      recall: own.recall,
      remember(sha256, issuers) {
        const known = own.recall(sha256)
        own.remember(sha256, issuers)
        const isKnown = known?.length === issuers.length && known.every((one, at) => one.fingerprint256 === issuers[at]?.fingerprint256)
        if (!isKnown && issuers.length > 0) learned({ type: 'issuers', sha256, issuers: issuers.map(({ raw }) => raw) })
      },
    },
    learn({ sha256, issuers }) {
      own.remember(
        sha256,
        issuers.map((der) => new X509Certificate(der)),
      )
    },
  }
}
