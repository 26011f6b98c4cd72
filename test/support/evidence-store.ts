import type { HeardStatement, SharedEvidence, Statement } from '../../src/protection/shared-evidence.ts'

/** Statements of nodes in this process's memory, by whose means tests hold what really is between them. */
export interface EvidenceStore {
  /** What one node sees of it. */
  seenBy(node: string): SharedEvidence
  /** Empties it, as a store that was begun anew. */
  empty(): void
}

/** Makes one. `now` is monotonic ms. */
export function evidenceStore(now: () => number): EvidenceStore {
  const kept = new Map<string, Map<string, Omit<HeardStatement, 'agoMs'> & { readonly at: number }>>()
  const claims = new Map<string, number>()
  const listeners = new Set<() => void>()
  let nth = 0

  function put(node: string, { about, says }: Statement): void {
    const of = kept.get(about) ?? new Map()
    kept.set(about, of.set(node, { about, says, node, run: node, nth: ++nth, at: now() }))
  }

  return {
    seenBy: (node) => ({
      shared: true,
      async exchange(statements) {
        for (const one of statements) put(node, one)
        const heard = statements.flatMap(({ about }) => [...(kept.get(about)?.values() ?? [])].filter((one) => one.node !== node))
        return { told: statements.length, heard: heard.map(({ at, ...one }) => ({ ...one, agoMs: now() - at })) }
      },
      async claim(act, forMs) {
        if ((claims.get(act) ?? 0) > now()) return false
        claims.set(act, now() + forMs)
        return true
      },
      onLost(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    }),
    empty() {
      kept.clear()
      for (const listener of listeners) listener()
    },
  }
}
