import { findAsid } from './asid-index.ts'
import { endpointColumns, none, type PackedDirectory, recordCount, systemColumns } from './packed-directory.ts'
import { findString, stringAt } from './string-table.ts'
import { createTripleIndex, findTriple } from './triple-index.ts'

/** How many records of `previous` are no longer in `next`, by what identifies them (ASID; ODS code, party key and interaction or FQDN). */
export function vanishedRecords(previous: PackedDirectory, next: PackedDirectory): { readonly vanished: number; readonly of: number } {
  const translated = new Int32Array(previous.strings.starts.length - 1).fill(-2)
  /** The number that a string of the previous directory has in the next, or -1. */
  function translate(number: number): number {
    if (number === none) return none
    if (translated[number] === -2) translated[number] = findString(next.strings, stringAt(previous.strings, number))
    return translated[number]!
  }

  let vanished = 0
  for (let at = 0; at < previous.systems.length; at += systemColumns.width) {
    const asid = stringAt(previous.strings, previous.systems[at + systemColumns.asid]!)
    if (findAsid(next.systemOf, asid) < 0) vanished++
  }
  for (let at = 0; at < previous.endpoints.length; at += endpointColumns.width) {
    if (previous.endpoints[at + endpointColumns.odsCode] === none) continue
    const [odsCode, partyKey, interaction] = [1, 2, 3].map((column) => translate(previous.endpoints[at + column]!)) as [
      number,
      number,
      number,
    ]
    if (odsCode === none || partyKey === none || interaction === none || findTriple(next.endpointOf, odsCode, partyKey, interaction) < 0)
      vanished++
  }
  const registered = createTripleIndex()
  for (let at = 0; at < next.registrations.length; at += 3)
    registered.set(next.registrations[at]!, next.registrations[at + 1]!, next.registrations[at + 2]!, 0)
  for (let at = 0; at < previous.registrations.length; at += 3) {
    const [odsCode, partyKey, fqdn] = [0, 1, 2].map((column) => translate(previous.registrations[at + column]!)) as [number, number, number]
    if (odsCode === none || partyKey === none || fqdn === none || registered.get(odsCode, partyKey, fqdn) < 0) vanished++
  }
  return { vanished, of: recordCount(previous) }
}
