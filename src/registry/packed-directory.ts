import type { NumberLists } from './number-lists.ts'
import type { StringTable } from './string-table.ts'
import type { TripleTable } from './triple-index.ts'

/**
 * A whole directory in a few arrays of shared memory: handed from the loading thread to the main one in no time, and never seen by the
 * garbage collector. Text is held once, by number; -1 stands for "none".
 */
export interface PackedDirectory {
  readonly strings: StringTable
  /** Rows of `systemColumns`. */
  readonly systems: Int32Array
  /** ASID → row of `systems`, for `findAsid`. */
  readonly systemOf: TripleTable
  /** Distinct sets of interactions, each a list of string numbers in ascending order. */
  readonly interactionSets: NumberLists
  /** Rows of `endpointColumns`; rows whose ODS code is -1 only carry a fault. */
  readonly endpoints: Int32Array
  /**
   * (ODS code, party key, interaction) → row of `endpoints`; with -1 for the ODS code, what answers for an organisation
   * without one of its own.
   */
  readonly endpointOf: TripleTable
  /** Names of consumers that provide nothing: rows of ODS code, party key, FQDN. */
  readonly registrations: Int32Array
  /** By the number of an FQDN, party keys. */
  readonly partyKeysOf: NumberLists
  /** By the number of a party key, ODS codes. */
  readonly organisationsOf: NumberLists
  /** Distinct hosts of endpoints. */
  readonly hosts: Int32Array
}

/** Columns of `PackedDirectory.systems`; all but `interactions` (a set's number) are string numbers. */
export const systemColumns = {
  asid: 0,
  odsCode: 1,
  partyKey: 2,
  interactions: 3,
  manufacturer: 4,
  productName: 5,
  fault: 6,
  width: 7,
} as const

/** Columns of `PackedDirectory.endpoints`, all string numbers. */
export const endpointColumns = {
  cpaId: 0,
  odsCode: 1,
  partyKey: 2,
  interaction: 3,
  url: 4,
  host: 5,
  fqdn: 6,
  pin: 7,
  fault: 8,
  width: 9,
} as const

/** "No string." */
export const none = -1

/** How many records a directory holds by the count of its source: systems, endpoints by interaction, consumers' registrations. */
export function recordCount(directory: PackedDirectory): number {
  let records = directory.systems.length / systemColumns.width + directory.registrations.length / 3
  for (let at = endpointColumns.odsCode; at < directory.endpoints.length; at += endpointColumns.width)
    if (directory.endpoints[at] !== none) records++
  return records
}
