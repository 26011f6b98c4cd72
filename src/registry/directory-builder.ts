import { createEndpointRows } from './endpoint-rows.ts'
import type { Interner } from './interner.ts'
import type { JudgedEndpoint, JudgedSystem } from './judge-record.ts'
import type { LoadTally } from './load-tally.ts'
import { type NumberLists, packLists, shareNumbers } from './number-lists.ts'
import { none, type PackedDirectory } from './packed-directory.ts'
import type { SharingParty } from './sharing-rule.ts'
import { createSystemRows } from './system-rows.ts'

/** A directory that is being loaded, record by record. */
export interface DirectoryBuilder {
  add(record: JudgedSystem | JudgedEndpoint, place: string): void
  /** Whether a system in force or set aside is meant by one side of a data-sharing rule; an organisation, only by those in force. */
  knows(party: SharingParty): boolean
  /** Systems and endpoints (one for each interaction) in force. */
  counts(): { readonly systems: number; readonly endpoints: number }
  /** Last thing to be called; `interner` may be given more strings before, none after. */
  pack(): PackedDirectory
}

/** An empty directory. */
export function createDirectoryBuilder(interner: Interner, tally: LoadTally): DirectoryBuilder {
  const systems = createSystemRows(interner, tally)
  const endpoints = createEndpointRows(interner, tally)
  let held: Set<number> | undefined

  /** The organisations of systems, gathered when they are first asked for. */
  function heldOrganisations(): ReadonlySet<number> {
    if (held !== undefined) return held
    const found = new Set<number>()
    systems.each((odsCode) => found.add(odsCode))
    held = found
    return found
  }

  return {
    knows(party) {
      switch (party.kind) {
        case 'anybody':
          return true
        case 'asid':
          return systems.has(interner.number(party.asid))
        case 'ods':
          return heldOrganisations().has(interner.number(party.odsCode))
      }
    },
    add(record, place) {
      held = undefined
      if (record.kind === 'system') systems.add(record, place)
      else endpoints.add(record, place)
    },
    counts: () => ({ systems: systems.count(), endpoints: endpoints.count() }),
    pack() {
      const partyKeys = new Map<number, Set<number>>()
      const organisations = new Map<number, Set<number>>()
      const hosts = new Set<number>()
      systems.each((odsCode, partyKey) => gather(organisations, partyKey, odsCode))
      endpoints.each((odsCode, partyKey, fqdn, host) => {
        gather(organisations, partyKey, odsCode)
        gather(partyKeys, fqdn, partyKey)
        if (host !== none) hosts.add(host)
      })
      const packedEndpoints = endpoints.pack()
      const { strings, interactionSets } = interner.pack()
      const stringCount = strings.starts.length - 1
      const byString = (map: ReadonlyMap<number, Iterable<number>>): NumberLists => packLists(stringCount, (n) => map.get(n))
      return {
        strings,
        interactionSets,
        ...systems.pack(),
        ...packedEndpoints,
        partyKeysOf: byString(partyKeys),
        organisationsOf: byString(organisations),
        hosts: shareNumbers([...hosts]),
      }
    },
  }
}

function gather(map: Map<number, Set<number>>, key: number, value: number): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, new Set([value]))
  else values.add(value)
}
