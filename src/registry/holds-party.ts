import { endpointColumns, type PackedDirectory, systemColumns } from './packed-directory.ts'
import type { PartyKind } from './registry.ts'
import { findString } from './string-table.ts'

type Column = readonly [rows: Int32Array, width: number, column: number]

/** Whether some record bears this value. Looks through whole columns: for an operator's question, never for a request. */
export function holdsParty(directory: PackedDirectory, kind: PartyKind, value: string): boolean {
  const number = findString(directory.strings, value)
  return number >= 0 && columnsOf(directory, kind).some((column) => stands(number, column))
}

/** A consumer's registration has no CPA id here: it names no endpoint that could be called. */
function columnsOf({ systems, endpoints, registrations }: PackedDirectory, kind: PartyKind): readonly Column[] {
  const ofSystems = (column: number): Column => [systems, systemColumns.width, column]
  const ofEndpoints = (column: number): Column => [endpoints, endpointColumns.width, column]
  switch (kind) {
    case 'asid':
      return [ofSystems(systemColumns.asid)]
    case 'organisation':
      return [ofSystems(systemColumns.odsCode), ofEndpoints(endpointColumns.odsCode), [registrations, 3, 0]]
    case 'partyKey':
      return [ofSystems(systemColumns.partyKey), ofEndpoints(endpointColumns.partyKey), [registrations, 3, 1]]
    case 'endpoint':
      return [ofEndpoints(endpointColumns.cpaId)]
  }
}

function stands(number: number, [rows, width, column]: Column): boolean {
  for (let at = column; at < rows.length; at += width) if (rows[at] === number) return true
  return false
}
