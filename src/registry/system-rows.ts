import { packAsids } from './asid-index.ts'
import type { Interner } from './interner.ts'
import type { JudgedSystem } from './judge-record.ts'
import type { LoadTally } from './load-tally.ts'
import { shareNumbers } from './number-lists.ts'
import { systemColumns as column, none } from './packed-directory.ts'
import type { TripleTable } from './triple-index.ts'

/** The systems of a directory that is being loaded. */
export interface SystemRows {
  /** Takes a record in, or sets it aside; two different records of one ASID are both set aside, since none of them can be trusted. */
  add(record: JudgedSystem, place: string): void
  /** Whether there is a record of this ASID, in force or set aside. */
  has(asid: number): boolean
  /** Calls `visit` with the ODS code and party key of each system in force. */
  each(visit: (odsCode: number, partyKey: number) => void): void
  /** Systems in force. */
  count(): number
  pack(): { readonly systems: Int32Array; readonly systemOf: TripleTable }
}

/** No systems yet. */
export function createSystemRows(interner: Interner, tally: LoadTally): SystemRows {
  const rows: number[] = []
  const places: string[] = []
  const rowOf = new Map<number, number>()

  function setAside(row: number, reason: string): void {
    const at = row * column.width + column.fault
    if (rows[at] === none) tally.setAside++
    rows[at] = interner.number(reason)
  }

  function push(values: readonly number[], place: string): number {
    rows.push(...values)
    const row = places.push(place) - 1
    rowOf.set(values[column.asid]!, row)
    return row
  }

  function addFaulty(record: JudgedSystem, place: string): void {
    const reason = `${place}: ${record.faults.join('; ')}`
    tally.setAside++
    for (const fault of record.faults) tally.findings.error(place, record.record, fault)
    if (record.asid === undefined) return
    const asid = interner.number(record.asid)
    const other = rowOf.get(asid)
    if (other === undefined) push([asid, none, none, none, none, none, interner.number(reason)], place)
    else setAside(other, reason)
  }

  /** A record whose ASID is taken: merged when it says the same, else set aside, and the other with it. */
  function meet(record: JudgedSystem, values: readonly number[], place: string, other: number): void {
    const fault = rows[other * column.width + column.fault]!
    if (fault !== none) {
      tally.setAside++
      tally.findings.error(place, record.record, `the system is set aside with another record of its ASID: ${interner.text(fault)}`)
    } else if (values.every((value, at) => value === rows[other * column.width + at])) {
      tally.findings.warning(place, record.record, `the record stands at ${places[other]} already, with the same content: merged`)
    } else {
      const message = `ASID ${record.asid} stands at ${places[other]} and at ${place} with different content: neither is used`
      tally.setAside++
      tally.findings.error(place, record.record, message)
      setAside(other, message)
    }
  }

  return {
    add(record, place) {
      tally.records++
      for (const warning of record.warnings) tally.findings.warning(place, record.record, warning)
      if (record.faults.length > 0 || record.asid === undefined) return addFaulty(record, place)
      const set = interner.set(record.interactions)
      if (set.repeats) tally.findings.warning(place, record.record, 'an interaction stands in the record twice')
      const values = [
        interner.number(record.asid),
        interner.optional(record.odsCode),
        interner.optional(record.partyKey),
        set.number,
        interner.optional(record.manufacturer),
        interner.optional(record.productName),
        none,
      ]
      const other = rowOf.get(values[column.asid]!)
      if (other === undefined) push(values, place)
      else meet(record, values, place, other)
    },
    each(visit) {
      for (let at = 0; at < rows.length; at += column.width)
        if (rows[at + column.fault] === none) visit(rows[at + column.odsCode]!, rows[at + column.partyKey]!)
    },
    has: (asid) => rowOf.has(asid),
    count() {
      let count = 0
      this.each(() => count++)
      return count
    },
    pack: () => ({
      systems: shareNumbers(rows),
      systemOf: packAsids(Iterator.from(rowOf).map(([asid, row]) => [interner.text(asid), row])),
    }),
  }
}
