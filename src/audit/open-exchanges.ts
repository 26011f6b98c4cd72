import type { AuditEntry } from './entry.ts'

/** The exchanges whose forwarding entry is on disk and whose outcome is not, in the order of their forwarding. */
export interface OpenExchanges {
  /** Takes account of an entry that is on disk, or read back from it. */
  apply(entry: Pick<AuditEntry, 'type'> & { readonly exchange?: string }): void
  /** Takes over what a segment's header lists. */
  restore(exchanges: readonly string[]): void
  list(): readonly string[]
}

/** None open. */
export function createOpenExchanges(): OpenExchanges {
  const open = new Set<string>()
  return {
    apply: ({ type, exchange }) => {
      if (exchange === undefined) return
      if (type === 'forwarding') open.add(exchange)
      else if (type === 'outcome') open.delete(exchange)
    },
    restore: (exchanges) => {
      open.clear()
      for (const exchange of exchanges) open.add(exchange)
    },
    list: () => [...open],
  }
}
