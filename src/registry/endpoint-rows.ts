import type { Interner } from './interner.ts'
import type { JudgedEndpoint } from './judge-record.ts'
import type { LoadTally } from './load-tally.ts'
import { shareNumbers } from './number-lists.ts'
import { endpointColumns as column, none } from './packed-directory.ts'
import { createTripleIndex, type TripleTable } from './triple-index.ts'

/** The endpoints of a directory that is being loaded, and the names that consumers registered. */
export interface EndpointRows {
  /** Takes a record in, once for each of its interactions, or sets it aside. Two different endpoints for one key are both set aside. */
  add(record: JudgedEndpoint, place: string): void
  /** Calls `visit` with ODS code, party key, FQDN and host (none for a consumer's registration) of each record in force. */
  each(visit: (odsCode: number, partyKey: number, fqdn: number, host: number) => void): void
  /** Endpoints in force, one for each interaction. */
  count(): number
  /** Fills the keys for organisations without a record of their own, and packs. Last thing to be called. */
  pack(): { readonly endpoints: Int32Array; readonly endpointOf: TripleTable; readonly registrations: Int32Array }
}

/** What makes two records one endpoint, whatever CPA ids they have: it is what decides where a call goes and whom it may meet there. */
const address = [column.url, column.fqdn, column.pin] as const

/** What tells two endpoints apart that bear one CPA id: whoever is locked out by it. */
const identity = [column.odsCode, column.partyKey, ...address] as const

/** No endpoints yet. */
export function createEndpointRows(interner: Interner, tally: LoadTally): EndpointRows {
  const rows: number[] = []
  const places: string[] = []
  const index = createTripleIndex()
  const registrations: number[] = []
  const registered = createTripleIndex()
  /** By the number of a CPA id, the first row that bears it. */
  const rowOfCpa = new Map<number, number>()

  const cell = (row: number, at: number): number => rows[row * column.width + at]!
  const sameAddress = (a: number, b: number): boolean => address.every((at) => cell(a, at) === cell(b, at))
  const faultOf = (row: number): string => interner.text(cell(row, column.fault))

  function push(values: readonly number[], place: string): number {
    rows.push(...values)
    return places.push(place) - 1
  }

  function pushFault(odsCode: number, partyKey: number, interaction: number, reason: string): number {
    return push([none, odsCode, partyKey, interaction, none, none, none, none, interner.number(reason)], reason)
  }

  function setAside(row: number, reason: string): void {
    const at = row * column.width + column.fault
    if (rows[at] === none) tally.setAside++
    rows[at] = interner.number(reason)
  }

  function addFaulty(record: JudgedEndpoint, place: string): void {
    const reason = `${place}: ${record.faults.join('; ')}`
    tally.setAside += Math.max(1, record.interactions.length)
    for (const fault of record.faults) tally.findings.error(place, record.record, fault)
    if (record.partyKey === undefined) return
    const partyKey = interner.number(record.partyKey)
    const odsCode = interner.optional(record.odsCode)
    for (const id of record.interactions) {
      const interaction = interner.number(id)
      const other = index.get(odsCode, partyKey, interaction)
      if (other >= 0) setAside(other, reason)
      else index.set(odsCode, partyKey, interaction, pushFault(odsCode, partyKey, interaction, reason))
    }
  }

  function addRegistration(record: JudgedEndpoint, place: string): void {
    const key = [interner.optional(record.odsCode), interner.optional(record.partyKey), interner.number(record.fqdn)] as const
    if (registered.get(...key) < 0) {
      registered.set(...key, 0)
      registrations.push(...key)
    } else tally.findings.warning(place, record.record, `the name ${record.fqdn} is registered already: merged`)
  }

  function addEndpoint(record: JudgedEndpoint, id: string, place: string): void {
    const values = [
      interner.number(record.cpaId),
      interner.optional(record.odsCode),
      interner.optional(record.partyKey),
      interner.number(id),
      interner.number(record.url),
      interner.number(record.host),
      interner.number(record.fqdn),
      interner.optional(record.pin),
      none,
    ]
    const key = [values[column.odsCode]!, values[column.partyKey]!, values[column.interaction]!] as const
    const other = index.get(...key)
    if (other < 0) index.set(...key, push(values, place))
    else meet(record, id, values, place, other)
  }

  /** A CPA id names one endpoint: what is done by it, a lockout above all, is done to all that bear it. */
  function nameCpa(record: JudgedEndpoint, row: number, place: string): void {
    const cpaId = cell(row, column.cpaId)
    const first = rowOfCpa.get(cpaId)
    if (first === undefined) rowOfCpa.set(cpaId, row)
    else if (identity.some((at) => cell(first, at) !== cell(row, at)))
      tally.findings.warning(
        place,
        record.record,
        `the CPA id stands at ${places[first]} already, on another endpoint: a lockout by it shuts both out`,
      )
  }

  function addEndpoints(record: JudgedEndpoint, place: string): void {
    const first = places.length
    for (const id of record.interactions) addEndpoint(record, id, place)
    if (places.length > first) nameCpa(record, first, place)
  }

  /** A record whose key is taken: merged when it is the same endpoint, else set aside, and the other with it. */
  function meet(record: JudgedEndpoint, id: string, values: readonly number[], place: string, other: number): void {
    if (cell(other, column.fault) !== none) {
      tally.setAside++
      tally.findings.error(place, record.record, `the endpoint for ${id} is set aside with another one: ${faultOf(other)}`)
      return
    }
    const otherCpa = interner.text(cell(other, column.cpaId))
    if (address.every((at) => cell(other, at) === values[at])) {
      const content = otherCpa === record.cpaId ? 'with the same content' : `as CPA id ${otherCpa}, which is the one used`
      tally.findings.warning(place, record.record, `the endpoint for ${id} stands at ${places[other]} already, ${content}: merged`)
      return
    }
    const both = `CPA ids ${otherCpa} (${places[other]}) and ${record.cpaId} (${place})`
    const message = `${both} are different endpoints of one organisation and party key for ${id}: neither is used`
    tally.setAside++
    tally.findings.error(place, record.record, message)
    setAside(other, message)
  }

  /**
   * What answers for an organisation of the party key that has no record of its own: the only endpoint, or the reason why
   * there is none to be trusted.
   */
  function fillFallbacks(): void {
    const real = places.length
    for (let row = 0; row < real; row++) {
      if (cell(row, column.odsCode) === none) continue
      const partyKey = cell(row, column.partyKey)
      const interaction = cell(row, column.interaction)
      const other = index.get(none, partyKey, interaction)
      if (other < 0) index.set(none, partyKey, interaction, row)
      else if (cell(other, column.fault) === none) {
        if (cell(row, column.fault) !== none) index.set(none, partyKey, interaction, row)
        else if (!sameAddress(other, row))
          index.set(none, partyKey, interaction, pushFault(none, partyKey, interaction, severalReason(partyKey, interaction)))
      }
    }
  }

  function severalReason(partyKey: number, interaction: number): string {
    const key = interner.text(partyKey)
    return `party key ${key} has several different endpoints for ${interner.text(interaction)}, and none for this organisation`
  }

  return {
    add(record, place) {
      tally.records += Math.max(1, record.interactions.length)
      for (const warning of record.warnings) tally.findings.warning(place, record.record, warning)
      if (record.faults.length > 0) addFaulty(record, place)
      else if (record.interactions.length === 0) addRegistration(record, place)
      else addEndpoints(record, place)
    },
    each(visit) {
      for (let at = 0; at < rows.length; at += column.width)
        if (rows[at + column.fault] === none)
          visit(rows[at + column.odsCode]!, rows[at + column.partyKey]!, rows[at + column.fqdn]!, rows[at + column.host]!)
      for (let at = 0; at < registrations.length; at += 3) visit(registrations[at]!, registrations[at + 1]!, registrations[at + 2]!, none)
    },
    count() {
      let count = 0
      for (let at = column.fault; at < rows.length; at += column.width) if (rows[at] === none) count++
      return count
    },
    pack() {
      fillFallbacks()
      return { endpoints: shareNumbers(rows), endpointOf: index.table, registrations: shareNumbers(registrations) }
    },
  }
}
